package import AgentAPI
package import Logging
package import SSH
import ServiceLifecycle
import Synchronization

/// The agent: what a coordinator asks of one network segment, done over the segment's own SSH.
///
/// Sendable: its parts keep their state behind locks. Its methods may be called from any task, before `run()` too.
package final class Agent: AgentService, Service {
  package let settings: AgentSettings
  private let inventory: InventoryStore
  private let health: HealthBook
  private let pool: SSHPool
  private let load = LoadCounter()
  private let door = Admission()
  private let commands: CommandBook
  private let jobs = CommandJobs()
  private let logger: Logger
  private let version: String
  private let isDraining = Atomic(false)
  private let takesNothingNew = Atomic(false)

  /// - Parameters:
  ///   - pool: run by this agent: its `run()` is the agent's.
  ///   - health: what the pool's observer writes to.
  ///   - version: Scout's, for people.
  /// - Throws: AgentError where the journal of commands cannot be used.
  package init(
    settings: AgentSettings, pool: SSHPool, health: HealthBook = HealthBook(), version: String, logger: Logger
  ) throws(AgentError) {
    self.settings = settings
    self.pool = pool
    self.health = health
    self.version = version
    self.logger = logger
    commands = try CommandBook(folder: settings.stateFolder, settings: settings.journal, logger: logger)
    inventory = InventoryStore(settings: settings, logger: logger)
  }

  /// Keeps the connections and follows the configuration until the service group shuts down; what runs then is finished.
  package func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.pool.run() }
      group.addTask {
        await withTaskCancellationHandler {
          await withGracefulShutdownHandler {
            await self.jobs.run()
          } onGracefulShutdown: {
            self.jobs.finish()
          }
        } onCancel: {
          self.jobs.finish()
        }
      }
      group.addTask {
        await cancelWhenGracefulShutdown {
          await self.inventory.follow {
            self.health.keep($0)
            self.door.keep($0)
            self.health.wakes.wake()
          }
        }
        self.isDraining.store(true, ordering: .relaxed)
        self.health.wakes.wake()
      }
      if let interval = self.settings.checkInterval {
        let checks = BackgroundChecks(
          interval: interval, patience: self.settings.checkPatience, inventory: self.inventory, health: self.health,
          pool: self.pool, logger: self.logger)
        group.addTask { await cancelWhenGracefulShutdown { await checks.run() } }
      }
      try await group.waitForAll()
    }
  }

  /// How long before it takes nothing new an agent that drains says so: whoever watches has learned of it by then, and asks another.
  private static let notice: Duration = .milliseconds(250)

  /// Says to whoever watches that it goes, then takes nothing new, and returns when what runs has ended, or after `limit`. What still
  /// comes in is refused as never begun, so that a coordinator asks another agent. The agent is then to be shut down.
  package func drain(upTo limit: Duration) async {
    let end = ContinuousClock.now + limit
    isDraining.store(true, ordering: .relaxed)
    health.wakes.wake()
    try? await Task.sleep(for: min(Self.notice, limit))
    takesNothingNew.store(true, ordering: .relaxed)
    // First a moment, for a request that was let in just before.
    repeat {
      guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
    } while load.isBusy && ContinuousClock.now < end
  }

  package func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply {
    description(of: try await inventory.hosts())
  }

  private func description(of hosts: Inventory) -> DescribeReply {
    let now = ContinuousClock.now
    var reply = DescribeReply()
    reply.agentName = settings.name
    reply.segment = settings.segment
    reply.version = version
    reply.protocolVersion = AgentProtocol.version
    reply.hosts = hosts.all.map { info(of: $0, at: now) }
    reply.pool = PoolFigures(pool.snapshot())
    return reply
  }

  package func watch(
    _ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>
  ) async throws {
    let interval = Duration.milliseconds(request.heartbeatMs == 0 ? 500 : min(60_000, max(100, request.heartbeatMs)))
    var report = WatchReport(deltas: request.deltas)
    let (wakes, wake) = health.wakes.subscribe()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: interval)
          wake()
        }
      }
      defer { group.cancelAll() }
      var due = ContinuousClock.now
      var saidDraining = false
      for await _ in wakes {
        let hosts = try await inventory.hosts()
        let now = ContinuousClock.now
        let news = report.news(hosts, health, whole: { description(of: hosts) }, info: { info(of: $0, at: now) })
        for event in news { try await sink(event) }
        // That it drains is said at once.
        if now >= due || isDraining.load(ordering: .relaxed) != saidDraining {
          let heartbeat = heartbeat(in: &report, at: now)
          saidDraining = heartbeat.draining
          try await sink(WatchEvent(.heartbeat(heartbeat)))
          // A wake a little before its time must not cost a whole interval.
          due = now + interval * 3 / 4
        }
        guard ContinuousClock.now < context.deadline else {
          throw AgentError(code: .timeout, message: "the watch's time is over")
        }
      }
    }
    throw AgentError(code: .cancelled, message: "the caller stopped watching")
  }

  package func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings) {
    try await perform("stat", on: request.host, context, isTimed: true) { operation in
      let result = try await StatOperation(request, in: operation).run()
      return (result, result.1)
    }
  }

  package func read(
    _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
  ) async throws -> CallTimings {
    try await perform("read", on: request.host, context, isTimed: ReadOperation.isShort(request)) { operation in
      let timings = try await ReadOperation(request, in: operation).run(sink)
      return (timings, timings)
    }
  }

  package func list(
    _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
  ) async throws -> CallTimings {
    try await perform("list", on: request.host, context) { operation in
      let timings = try await ListOperation(request, in: operation).run(sink)
      return (timings, timings)
    }
  }

  package func run(
    _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> CallTimings {
    try await perform("run", on: request.host, context) { operation in
      guard request.kind == .command else {
        let timings = try await RunOperation(request, in: operation).run(sink)
        return (timings, timings)
      }
      let timings = try await CommandOperation(request, in: operation).run(commands, jobs, sink)
      return (timings ?? CallTimings(), timings)
    }
  }

  /// What surrounds every operation: the host is found, a turn is waited for, the outcome is remembered for the host's health, one audit line
  /// is written, and every failure becomes an `AgentError`; what the sink throws passes unchanged.
  ///
  /// - Parameter isTimed: what the host takes for it does not depend on what is asked, so it tells how loaded the agent is.
  private func perform<Result: Sendable>(
    _ operation: String, on alias: String, _ call: CallContext, isTimed: Bool = false,
    _ body: (OperationContext) async throws -> (Result, CallTimings?)
  ) async throws -> Result {
    let start = ContinuousClock.now
    load.started()
    do {
      guard !takesNothingNew.load(ordering: .relaxed) else {
        throw AgentError(
          code: .unreachable, message: "agent \(settings.name) is going down and takes nothing new", phase: "drain",
          scope: .agent)
      }
      let host = try await inventory.hosts().host(alias)
      let (result, timings) = try await door.admitting(alias, call) { slot in
        let context = OperationContext(host: host, pool: pool, settings: settings, call: call, slot: slot)
        let answer = try await body(context)
        return (answer, latency: isTimed ? answer.1?.loadSample : nil)
      }
      if let timings { health.answered(alias, timings, at: .now) }
      load.finished()
      audit(operation, alias, call, start, outcome: "ok")
      return result
    } catch {
      load.failed()
      let failure = AgentError.from(error, since: start)
      note(failure, of: alias)
      audit(operation, alias, call, start, outcome: failure?.code.rawValue ?? "receiver_gone")
      throw failure ?? error
    }
  }

  /// An answer of the host, even a bad one, shows that it is there; a fault of ours or the caller's shows nothing.
  private func note(_ failure: AgentError?, of alias: String) {
    guard let failure else { return }
    switch failure.code {
    case .notFound, .permissionDenied, .notADirectory, .notAFile: health.answered(alias, nil, at: .now)
    default: if failure.scope == .host, failure.phase != "queue" { health.failed(alias, failure, at: .now) }
    }
  }

  private func audit(
    _ operation: String, _ alias: String, _ call: CallContext, _ start: ContinuousClock.Instant, outcome: String
  ) {
    logger.info(
      "operation",
      metadata: [
        "operation": .string(operation), "host": .string(alias), "outcome": .string(outcome),
        "principal": .string(call.principal), "request_id": .string(call.requestID),
        "ms": .stringConvertible(start.duration(to: .now).milliseconds),
      ])
  }

  private func info(of host: InventoryHost, at now: ContinuousClock.Instant) -> HostInfo {
    var state = health.health(of: host.alias).state(at: now)
    let contact = pool.contact(with: host.resolved, jumps: host.jumps)
    state.connected = contact.isConnected
    if contact.lastError != nil {
      state.breaker = contact.isRefused ? .open : .failing
      state.retryInMs = contact.retryIn?.wholeMilliseconds ?? 0
    }
    return HostInfo(host, state: state)
  }

  private func heartbeat(in report: inout WatchReport, at now: ContinuousClock.Instant) -> Heartbeat {
    let snapshot = pool.snapshot()
    var heartbeat = Heartbeat()
    heartbeat.pool = PoolFigures(snapshot)
    if let counts = report.news(at: now, counts: { PoolCounts(snapshot) }) { heartbeat.counts = counts }
    heartbeat.load = load.figures
    heartbeat.draining = isDraining.load(ordering: .relaxed)
    let connectLimit = health.pace.bounds(pool.settings.connection).connectLimit
    heartbeat.connectLimitMs = UInt32(clamping: connectLimit.wholeMilliseconds)
    door.report(in: &heartbeat.load)
    return heartbeat
  }
}
