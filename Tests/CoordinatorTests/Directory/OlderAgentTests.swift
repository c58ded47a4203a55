import AgentAPI
import Coordinator
import Logging
import MCP
import NIOCore
import NIOPosix
import Routing
import ServiceLifecycle
import Synchronization
import TestFleet
import Testing

/// A coordinator with an agent of the protocol's revision before this one, over a link.
@Suite struct OlderAgentTests {
  /// Speaks revision 1: what came later is not in what it says, and is not seen in what it is asked. Sendable: state behind a lock.
  private final class OlderAgent: AgentService {
    static let version: UInt32 = 1
    let agent: VirtualAgent
    private let reported = Mutex(0)

    init(_ agent: VirtualAgent) { self.agent = agent }

    /// Events that watchers were told.
    var reports: Int { reported.withLock { $0 } }

    func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply {
      var reply = try await agent.describe(request, context)
      reply.protocolVersion = Self.version
      for place in reply.hosts.indices {
        reply.hosts[place].state.connected = false
        reply.hosts[place].state.phases = []
        reply.hosts[place].state.breaker = .closed
        reply.hosts[place].state.retryInMs = 0
      }
      return reply
    }

    /// Knows nothing of `deltas`: a changed inventory comes as a whole. And nothing of what a heartbeat tells besides.
    func watch(
      _ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>
    ) async throws {
      var told: [String]?
      while true {
        let reply = try await describe(DescribeRequest(), context)
        var event = WatchEvent()
        if told != reply.hosts.map(\.alias) {
          event.inventory = reply
        } else {
          event.hostStates.changed = reply.hosts
        }
        told = reply.hosts.map(\.alias)
        try await sink(event)
        event.heartbeat = Heartbeat()
        try await sink(event)
        reported.withLock { $0 += 1 }
        try await Task.sleep(for: .milliseconds(20))
      }
    }

    func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings) {
      try await agent.stat(request, older(context))
    }

    func read(
      _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
    ) async throws -> CallTimings { try await agent.read(request, older(context), sink) }

    func list(
      _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
    ) async throws -> CallTimings { try await agent.list(request, older(context), sink) }

    func run(
      _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
    ) async throws -> CallTimings {
      var request = request
      request.resume = false
      return try await agent.run(request, older(context), sink)
    }

    private func older(_ context: CallContext) -> CallContext {
      var context = context
      context.importance = .interactive
      return context
    }
  }

  /// A coordinator whose agents are older ones at the other ends of links.
  private func withOlder(_ agents: OlderAgent..., body: @Sendable (CoordinatorCore) async throws -> Void) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let group = MultiThreadedEventLoopGroup.singleton
    var services: [any Service] = []
    var links: [AgentLink] = []
    for (number, agent) in agents.enumerated() {
      let server = try await AgentServer.bind(
        agent, host: "127.0.0.1", port: 0, tls: nil, group: group, logger: logger)
      let target = AgentTarget(name: "older\(number)", host: "127.0.0.1", port: server.address.port ?? 0)
      let remote = RemoteAgent(target: target, group: group, logger: logger)
      services += [server, remote] as [any Service]
      links.append(AgentLink(name: "older\(number)", segment: "dc1", service: remote))
    }
    let directory = AgentDirectory(links: links, logger: logger)
    let core = CoordinatorCore(
      directory: directory, settings: CallSettings(), observer: CallObserver(metrics: nil, audit: nil))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in services + [directory] { group.addTask { try await service.run() } }
      defer { group.cancelAll() }
      try await body(core)
    }
  }

  @Test func itsRevisionIsTheOneBefore() { #expect(OlderAgent.version == AgentProtocol.version - 1) }

  @Test func everyToolWorks() async throws {
    let agent = VirtualAgent(segment: "dc1", hosts: [("web1", VirtualHost(["/etc/a": "x\n", "/etc/b": "y\n"]))])
    try await withOlder(OlderAgent(agent)) { core in
      let read = try await core.call("read", ["target": "web1:/etc/a"])
      #expect(!read.isError && read.text.contains("x"), "\(read.text)")
      let list = try await core.call("list", ["target": "web1:/etc"])
      #expect(!list.isError && list.text.contains("b"), "\(list.text)")
      let query = try await core.call("query", ["target": "web1", "command": ["echo", "hello"]])
      #expect(!query.isError && query.text.contains("hello"), "\(query.text)")
      let hosts = try await core.call("hosts", [:])
      #expect(hosts.structured?["agents"]?[0]?["healthy"] == true, "\(hosts.text)")
      let route = try await core.call("route", ["host": "web1"])
      #expect(!route.isError && route.structured?["chosen"] == "older0", "\(route.text)")
      let missing = try await core.call("read", ["target": "web1:/none"])
      #expect(missing.structured?["failures"]?[0]?["code"] == "not_found", "\(missing.text)")
    }
  }

  /// Its reports say nothing of connections: that one stands is known from the answers, and stays so.
  @Test func itsSilenceAboutConnectionsIsNotTakenForNone() async throws {
    let host = ("web1", VirtualHost(["/a": "x"]))
    let agents = [VirtualAgent(segment: "dc1", hosts: [host]), VirtualAgent(segment: "dc1", hosts: [host])]
      .map(OlderAgent.init)
    try await withOlder(agents[0], agents[1]) { core in
      func warm() -> [String] {
        let seen = core.directory.router.explain(HostID(segment: "dc1", alias: "web1"))
        return seen?.routes.filter(\.cost.isWarm).map(\.name) ?? []
      }
      try await until { core.directory.report().agents.allSatisfy(\.isHealthy) }
      #expect(warm().isEmpty)
      #expect(try await !core.call("read", ["target": "web1:/a"]).isError)
      let known = warm()
      #expect(known.count == 1)
      let told = agents.map(\.reports)
      try await until { zip(agents, told).allSatisfy { $0.reports >= $1 + 3 } }
      #expect(warm() == known)
    }
  }

  /// It tells a change by the whole inventory, and is asked for hosts that came by it and not for those that went.
  @Test func aChangedInventoryComesAsAWhole() async throws {
    let agent = VirtualAgent(segment: "dc1", hosts: [("web1", VirtualHost(["/a": "x"]))])
    try await withOlder(OlderAgent(agent)) { core in
      #expect(try await !core.call("read", ["target": "web1:/a"]).isError)
      agent.add("web2", VirtualHost(["/a": "y"]))
      try await until { try await !core.call("read", ["target": "web2:/a"]).isError }
      agent.state.withLock { state in
        state.names = ["web2"]
        state.hosts["web1"] = nil
      }
      try await until {
        try await core.call("read", ["target": "web1:/a"]).structured?["failures"]?[0]?["code"] == "unknown_host"
      }
      #expect(try await !core.call("read", ["target": "web2:/a"]).isError)
    }
  }
}
