import AgentAPI
import Coordinator
import Foundation
import Logging
import NIOPosix
import Synchronization
import TestFleet
import Testing

extension EndToEnd {
  /// Commands with effects, and an agent that is killed between every two steps of its journal: what ran is counted on the host.
  @Suite struct CommandJournalTests {
    /// An agent process, its journal, and a command that leaves a line in a file.
    private struct Site: Sendable {
      let fleet: TestFleet
      var state: String { fleet.directory.appending(path: "state").path }
      var mark: String { fleet.files.appending(path: "mark").path }
      var fifo: String { fleet.files.appending(path: "fifo").path }

      func start(port: Int = 0) async throws -> (ScoutProcess, Int) {
        let process = try ScoutProcess(
          [fleet.configPath, state, "\(port)"], binary: ScoutProcess.binary(named: "test-agent"))
        return (process, try await process.port())
      }

      func kill(_ process: ScoutProcess) async throws {
        process.signal(SIGKILL)
        #expect(try await process.end() == 128 + SIGKILL)
      }

      /// How often it ran.
      var runs: Int {
        ((try? String(contentsOfFile: mark, encoding: .utf8)) ?? "").split(separator: "\n").count
      }

      var journalSize: Int {
        ((try? FileManager.default.attributesOfItem(atPath: state + "/commands.journal"))?[.size] as? Int) ?? 0
      }

      func request(_ script: String, id: String, resume: Bool = false) -> RunRequest {
        var request = RunRequest()
        request.host = "host1"
        request.argv = ["/bin/sh", "-c", script]
        request.kind = .command
        request.requestID = id
        request.resume = resume
        return request
      }

      /// Lets go a command that reads the fifo.
      func release() async throws { try await run("/bin/sh", ["-c", "echo go > \(fifo)"]) }
    }

    /// What a command said, for somebody to look at meanwhile. Sendable: state behind a lock.
    private final class Heard: Sendable {
      private struct State {
        var output = ""
        var exit: RunExit?
        var accepted = 0
      }

      private let state = Mutex(State())

      var output: String { state.withLock { $0.output } }
      var exit: RunExit? { state.withLock { $0.exit } }
      var accepted: Int { state.withLock { $0.accepted } }

      func take(_ event: RunEvent) {
        state.withLock { state in
          switch event.event {
          case .accepted: state.accepted += 1
          case .stdout(let bytes): state.output += String(decoding: bytes, as: UTF8.self)
          case .exit(let exit): state.exit = exit
          case .stderr, nil: break
          }
        }
      }
    }

    private static func with(_ body: (Site) async throws -> Void) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let site = Site(fleet: fleet)
        try await run("/usr/bin/mkfifo", [site.fifo])
        try await body(site)
      }
    }

    /// A client of the agent at `port`; its link ends with `body`.
    private static func client<Output: Sendable>(
      _ port: Int, _ body: @escaping @Sendable (RemoteAgent) async throws -> Output
    ) async throws -> Output {
      let remote = RemoteAgent(
        target: AgentTarget(name: "dc1", host: "127.0.0.1", port: port), group: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await remote.run() }
        defer { group.cancelAll() }
        return try await body(remote)
      }
    }

    private static func context(principal: String = "p", timeout: Duration = .seconds(30)) -> CallContext {
      CallContext(deadline: .now + timeout, requestID: "call", principal: principal)
    }

    private static func ask(_ port: Int, _ request: RunRequest, principal: String = "p") async throws -> Heard {
      let heard = Heard()
      try await client(port) { remote in
        _ = try await remote.run(request, context(principal: principal)) { heard.take($0) }
      }
      return heard
    }

    /// Asks, and meanwhile waits for `condition` and then kills the agent: the call fails.
    private static func killing(
      _ site: Site, _ process: ScoutProcess, _ port: Int, _ request: RunRequest, when condition: @Sendable () -> Bool
    ) async throws {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await #expect(throws: AgentError.self) { _ = try await ask(port, request) } }
        try await until(within: .seconds(20), condition)
        try await site.kill(process)
        try await group.waitForAll()
      }
    }

    private static func expectLost(_ port: Int, _ request: RunRequest) async throws {
      let error = await #expect(throws: AgentError.self) { _ = try await ask(port, request) }
      #expect(error?.code == .lost && error?.mayHaveRun == true, "\(String(describing: error))")
    }

    @Test func killedBeforeItWasAsked() async throws {
      try await Self.with { site in
        let (first, _) = try await site.start()
        try await site.kill(first)
        let (second, port) = try await site.start()
        defer { second.signal(SIGKILL) }
        let heard = try await Self.ask(port, site.request("echo x >> \(site.mark); echo said", id: "1"))
        #expect(heard.output == "said\n" && site.runs == 1)
      }
    }

    @Test func killedWhenAcceptedItRunsOnceWhenAskedAgain() async throws {
      try await Self.with { site in
        let (first, port) = try await site.start()
        let request = site.request("echo x >> \(site.mark)", id: "1")
        // A host that does not answer keeps it from starting.
        site.fleet.pause()
        let empty = site.journalSize
        try await Self.killing(site, first, port, request) { site.journalSize > empty }
        site.fleet.resume()
        let (second, next) = try await site.start()
        defer { second.signal(SIGKILL) }
        #expect(site.runs == 0)
        let absent = await #expect(throws: AgentError.self) {
          _ = try await Self.ask(next, site.request("echo x >> \(site.mark)", id: "1", resume: true))
        }
        #expect(absent?.code == .lost && absent?.mayHaveRun == false)
        let heard = try await Self.ask(next, request)
        #expect(heard.exit?.code == 0 && site.runs == 1)
      }
    }

    @Test func killedWhenStartedBeforeTheHostKnowsItIsNeverRunAgain() async throws {
      try await Self.with { site in
        let (first, port) = try await site.start()
        _ = try await Self.ask(port, site.request("true", id: "warm"))
        let settled = site.journalSize
        site.fleet.pause()
        let request = site.request("echo x >> \(site.mark)", id: "1")
        // Two records: accepted, started.
        try await Self.killing(site, first, port, request) { site.journalSize > settled + 80 }
        site.fleet.resume()
        let (second, next) = try await site.start()
        defer { second.signal(SIGKILL) }
        try await Self.expectLost(next, request)
        try await Self.expectLost(next, site.request("echo x >> \(site.mark)", id: "1", resume: true))
        #expect(site.runs <= 1)
      }
    }

    @Test func killedWhileItRunsItIsUnknownAndNeverRunAgain() async throws {
      try await Self.with { site in
        let (first, port) = try await site.start()
        let request = site.request("echo x >> \(site.mark); cat \(site.fifo)", id: "1")
        try await Self.killing(site, first, port, request) { site.runs == 1 }
        for _ in 0..<2 {
          let (again, next) = try await site.start()
          try await Self.expectLost(next, request)
          try await site.kill(again)
        }
        try await site.release()
        #expect(site.runs == 1)
      }
    }

    @Test func killedWhenDoneItsResultIsTold() async throws {
      try await Self.with { site in
        let (first, port) = try await site.start()
        let request = site.request("echo x >> \(site.mark); echo out; exit 7", id: "1")
        _ = try await Self.ask(port, request)
        try await site.kill(first)
        let (second, next) = try await site.start()
        defer { second.signal(SIGKILL) }
        for resume in [false, true] {
          var again = request
          again.resume = resume
          let heard = try await Self.ask(next, again)
          #expect(heard.output == "out\n" && heard.exit?.code == 7 && heard.accepted == 1)
        }
        let other = await #expect(throws: AgentError.self) {
          _ = try await Self.ask(next, site.request("echo x >> \(site.mark)", id: "1"))
        }
        #expect(other?.code == .invalidArgument)
        let somebody = await #expect(throws: AgentError.self) { _ = try await Self.ask(next, request, principal: "q") }
        #expect(somebody?.code == .invalidArgument)
        #expect(site.runs == 1)
      }
    }

    @Test func aCallerWhoseLinkBrokeAttachesAgain() async throws {
      try await Self.with { site in
        let (process, port) = try await site.start()
        defer { process.signal(SIGKILL) }
        let request = site.request("echo x >> \(site.mark); echo begun; cat \(site.fifo)", id: "1")
        try await withThrowingTaskGroup(of: Void.self) { group in
          let heard = Heard()
          let remote = RemoteAgent(
            target: AgentTarget(name: "dc1", host: "127.0.0.1", port: port),
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
          group.addTask { try await remote.run() }
          try await withThrowingTaskGroup(of: Void.self) { calls in
            calls.addTask {
              await #expect(throws: AgentError.self) {
                _ = try await remote.run(request, Self.context()) { heard.take($0) }
              }
            }
            while heard.output != "begun\n" { try await Task.sleep(for: .milliseconds(5)) }
            // Ends the connection under the call.
            group.cancelAll()
            try await calls.waitForAll()
          }
        }
        let heard = Heard()
        var again = request
        again.resume = true
        try await Self.client(port) { [again] remote in
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await remote.run(again, Self.context()) { heard.take($0) } }
            while heard.output != "begun\n" { try await Task.sleep(for: .milliseconds(5)) }
            try await site.release()
            try await group.waitForAll()
          }
        }
        #expect(heard.output == "begun\ngo\n" && heard.exit?.code == 0)
        #expect(site.runs == 1)
      }
    }

    /// The coordinator's part: an agent is killed under a command and comes back on its port.
    @Test(arguments: [true, false])
    func theCoordinatorAsksAgain(_ hasBegun: Bool) async throws {
      try await Self.with { site in
        let (first, port) = try await site.start()
        let request = site.request("echo x >> \(site.mark)\(hasBegun ? "; cat \(site.fifo)" : "; echo out")", id: "1")
        if !hasBegun { site.fleet.pause() }
        let empty = site.journalSize
        try await Self.client(port) { remote in
          let heard = Heard()
          try await withThrowingTaskGroup(of: AgentError?.self) { group in
            group.addTask {
              do {
                _ = try await EffectRun(request, at: remote, Self.context()).run { heard.take($0) }
                return nil
              } catch let error as AgentError {
                return error
              }
            }
            try await until(within: .seconds(20)) { hasBegun ? site.runs == 1 : site.journalSize > empty }
            try await site.kill(first)
            if !hasBegun { site.fleet.resume() }
            let (second, _) = try await site.start(port: port)
            defer { second.signal(SIGKILL) }
            let error = try await group.next() ?? nil
            if hasBegun {
              #expect(error?.code == .lost && error?.mayHaveRun == true, "\(String(describing: error))")
              try await site.release()
            } else {
              #expect(error == nil && heard.output == "out\n" && heard.exit?.code == 0)
            }
          }
          #expect(site.runs == 1 && heard.accepted <= 1)
        }
      }
    }

    @Test func aCallerWhoGivesUpEndsItUnlessAnotherFollows() async throws {
      try await Self.with { site in
        let (process, port) = try await site.start()
        defer { process.signal(SIGKILL) }
        let request = site.request("echo $$ >> \(site.mark); exec cat \(site.fifo)", id: "1")
        try await Self.client(port) { remote in
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await remote.run(request, Self.context()) { _ in } }
            try await until(within: .seconds(20)) { site.runs == 1 }
            let pid = try #require(
              Int32(try String(contentsOfFile: site.mark, encoding: .utf8).filter { $0.isNumber }))
            #expect(Foundation.kill(pid, 0) == 0)
            group.cancelAll()
            try await until(within: .seconds(20)) { Foundation.kill(pid, 0) != 0 }
          }
        }
        try await Self.expectEnded(port, request)
        #expect(site.runs == 1)
      }
    }

    /// It was ended, may have run, and is not run again.
    private static func expectEnded(_ port: Int, _ request: RunRequest) async throws {
      let error = await #expect(throws: AgentError.self) { _ = try await ask(port, request) }
      #expect(error?.code == .cancelled && error?.mayHaveRun == true, "\(String(describing: error))")
    }
  }
}
