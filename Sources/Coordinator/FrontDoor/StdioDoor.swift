package import Logging
package import MCP
import NIOPosix
import ServiceLifecycle
import Synchronization
package import Telemetry

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The stdio front door: one client, one JSON object a line, nothing else on stdout. Sendable: state behind a lock.
///
/// As a service it ends when stdin ends or on graceful shutdown: calls under way are cancelled, answers that are ready are
/// still written (for at most a second, in case nobody reads them). Give it `.gracefullyShutdownGroup` as its success
/// behaviour, so that the process ends with it.
package final class StdioDoor: Service {
  package struct Limits: Sendable {
    /// Bytes of one line.
    package var line = 4 << 20
    /// Calls running at once; what comes after is refused with a word.
    package var calls = 64

    package init() {}
  }

  private struct State {
    var conversation: StdioConversation
    var scopes: [CallID: CallScope] = [:]
  }

  private let input: CInt
  private let output: CInt
  private let limits: Limits
  private let runner: CallRunner
  private let logger: Logger
  private let state: Mutex<State>

  /// - Parameters:
  ///   - input, output: descriptors that stay the caller's to close; a file, a pipe or a terminal.
  package init(
    server: MCPServer, provider: any MCPToolProvider, registry: MetricsRegistry, limits: Limits = Limits(),
    input: CInt = STDIN_FILENO, output: CInt = STDOUT_FILENO, logger: Logger
  ) {
    self.input = input
    self.output = output
    self.limits = limits
    self.logger = logger
    runner = CallRunner(provider: provider, metrics: DoorMetrics(registry: registry), logger: logger)
    state = Mutex(State(conversation: StdioConversation(server: server)))
  }

  package func run() async throws {
    // A client that has closed its end is an error of write(2), not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    let reader = try StdioReader(descriptor: input)
    let writer = StdioWriter(descriptor: output)
    let threads = NIOThreadPool(numberOfThreads: 2)
    threads.start()
    await withTaskCancellationOrGracefulShutdownHandler {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await writer.run(on: threads, whenBroken: reader.stop) }
        await self.converse(reader, writer, on: threads)
        writer.finish()
      }
    } onCancelOrGracefulShutdown: {
      reader.stop()
    }
    try await threads.shutdownGracefully()
  }

  /// Line by line until stdin ends; then cancels what is under way and waits for its end.
  private func converse(_ reader: StdioReader, _ writer: StdioWriter, on threads: NIOThreadPool) async {
    var lines = LineSplitter(limit: limits.line)
    await withDiscardingTaskGroup { calls in
      func start(_ line: LineSplitter.Line) {
        for call in received(line, writer) { calls.addTask { await self.run(call.0, in: call.1, writer) } }
      }
      while let chunk = await reader.next(on: threads) {
        for line in lines.split(chunk) { start(line) }
        // Not read on before the client reads what it was told, unless it has gone or we go.
        while !writer.hasRoom, !reader.isOver, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
      }
      if let last = lines.finish() { start(last) }
      self.logger.debug("stdin has ended", metadata: ["calls": "\(self.state.withLock { $0.scopes.count })"])
      calls.cancelAll()
    }
  }

  /// Answers at once what can be; returns the calls to start.
  private func received(_ line: LineSplitter.Line, _ writer: StdioWriter) -> [(MCPCall, CallScope)] {
    guard case .whole(let bytes) = line else {
      writer.put(Self.tooLong(limits.line))
      return []
    }
    var started: [(MCPCall, CallScope)] = []
    state.withLock { state in
      for decision in state.conversation.received(bytes, now: .now) {
        switch decision {
        case .write(let reply): writer.put(reply)
        case .run(let call) where state.scopes.count >= limits.calls:
          let refusal = MCPToolOutcome(
            text: "Too many calls at once; wait for one to end and try again.", isError: true)
          writer.put(state.conversation.finished(call.id, .success(refusal)))
        case .run(let call):
          let scope = CallScope()
          state.scopes[call.id] = scope
          started.append((call, scope))
        case .cancel(let call): state.scopes[call]?.cancel()
        }
      }
    }
    return started
  }

  private func run(_ call: MCPCall, in scope: CallScope, _ writer: StdioWriter) async {
    await withTaskGroup(of: Void.self) { group in
      if call.wantsProgress { group.addTask { await self.tick(writer) } }
      await scope.run {
        let result = await self.runner.run(
          call, principal: "stdio",
          log: { message in self.state.withLock { writer.put($0.conversation.logged(call.id, message)) } },
          progress: { done, total, message in
            self.state.withLock {
              writer.put(
                $0.conversation.progressed(call.id, done: done, total: total, message: message, now: .now))
            }
          })
        self.state.withLock {
          $0.scopes[call.id] = nil
          writer.put($0.conversation.finished(call.id, result))
        }
      }
      group.cancelAll()
    }
  }

  /// While a call that asked for progress is under way: what was held back, and signs of life.
  private func tick(_ writer: StdioWriter) async {
    while !Task.isCancelled {
      let due = state.withLock { $0.conversation.nextTick } ?? .now + .seconds(1)
      let earliest = ContinuousClock.now + .milliseconds(50)
      let latest = ContinuousClock.now + .seconds(1)
      guard (try? await Task.sleep(until: min(max(due, earliest), latest), clock: .continuous)) != nil else { return }
      state.withLock { writer.put($0.conversation.ticked(now: .now)) }
    }
  }

  private static func tooLong(_ limit: Int) -> [UInt8] {
    MCPHTTPAnswer.refusal(413, RPCError(.invalidRequest, "The line is longer than \(limit) bytes")).body
      + [UInt8(ascii: "\n")]
  }
}
