package import Logging
package import NIOCore
package import SSHConfig

/// One authenticated SSH connection to one host. Sendable: a handle to state confined to `eventLoop`.
///
/// Several SFTP lanes and commands share it. Whoever holds one must `close()` it.
package final class SSHConnection: Sendable {
  package let eventLoop: any EventLoop
  package let host: ResolvedHost
  package let timings: ConnectTimings
  /// Completes when the connection has ended, with the reason; nil after `close()`. Never fails.
  package let ended: EventLoopFuture<SSHError?>
  let driver: NIOLoopBound<ConnectionDriver>
  private let open = Flag()

  private init(
    _ driver: NIOLoopBound<ConnectionDriver>, host: ResolvedHost, timings: ConnectTimings,
    ended: EventLoopFuture<SSHError?>
  ) {
    self.driver = driver
    self.host = host
    self.timings = timings
    self.ended = ended
    eventLoop = ended.eventLoop
    ended.whenComplete { [open] _ in open.clear() }
  }

  deinit {
    let driver = self.driver
    eventLoop.execute { driver.value.close() }
  }

  /// Connects, checks the host's key against `known_hosts`, then authenticates.
  ///
  /// - Parameters:
  ///   - jump: the connection whose direct-tcpip channel carries this one (ProxyJump); it must outlive this one, and
  ///     its event loop is used instead of `eventLoop`.
  ///   - deadline: bounds all phases together; each phase has its own bound in `settings` too.
  /// - Throws: `unreachable`, `connectTimeout` (naming the phase), `hostKeyUnknown`, `hostKeyChanged`, `authFailed`,
  ///   `unsupported`, `cancelled`, `protocolViolation`, `connectionLost`.
  package static func connect(
    to host: ResolvedHost, over jump: SSHConnection? = nil, credentials: SSHCredentials = SSHCredentials(),
    settings: SSHConnectionSettings = SSHConnectionSettings(), on eventLoop: any EventLoop,
    deadline: ContinuousClock.Instant, logger: Logger
  ) async throws(SSHError) -> SSHConnection {
    let eventLoop = jump?.eventLoop ?? eventLoop
    let connector = Connector(
      host: host, jump: jump?.driver, credentials: credentials, settings: settings, eventLoop: eventLoop,
      deadline: deadline, logger: logger)
    let (driver, timings) = try await connector.connect()
    let ended = try await Completion<EventLoopFuture<SSHError?>>.value(on: eventLoop, deadline: nil) {
      $0.succeed(driver.value.ended.futureResult)
    }
    return SSHConnection(driver, host: host, timings: timings, ended: ended)
  }

  /// False once the connection has ended or is ending.
  package var isOpen: Bool { open.isSet }

  /// Opens an SFTP channel. Opens are made one after another.
  /// - Throws: `overloaded` when this side's or sshd's channel limit is reached, `unsupported` without an SFTP
  ///   subsystem, `timeout`, `cancelled`, `connectionLost`.
  package func openLane(deadline: ContinuousClock.Instant) async throws(SSHError) -> SFTPLane {
    let driver = self.driver
    let eventLoop = self.eventLoop
    let alias = host.alias
    return try await Completion<SFTPLane>.value(
      on: eventLoop, deadline: deadline,
      expired: {
        SSHError(
          .timeout,
          "\(alias): no SFTP channel was opened in time; the host is slow: look at its load, or allow more time",
          phase: .channel, scope: .lane)
      }
    ) { completion in
      let lane = LaneDriver(host: alias)
      completion.onAbort { lane.close() }
      lane.open(on: driver.value) { error in
        if let error { completion.fail(error) } else { completion.succeed(SFTPLane(lane, eventLoop: eventLoop)) }
      }
    }
  }

  /// Runs a command to its end.
  ///
  /// `launched` is called once the command runs. `output` is called with one chunk after another; while it suspends, the host is held back. On task cancellation,
  /// the deadline, or an error from `output` the remote process group is ended first (INT, TERM, KILL: mostly
  /// some 10 ms, a few seconds with a stubborn group or a slow host), and the error's `ending` says what became of it.
  ///
  /// - Parameters:
  ///   - lastWord: when the caller has to have its answer, if before the group's end is known; it is ended all the same.
  ///   - released: called once, when the command's channels are closed: before `run` returns, or later where `lastWord` came first.
  /// - Throws: `SSHError`, or what `output` threw.
  package func run(
    _ command: RemoteCommand, deadline: ContinuousClock.Instant, lastWord: ContinuousClock.Instant? = nil,
    launched: @Sendable () async throws -> Void = {}, output: @Sendable (OutputChunk) async throws -> Void,
    released: @escaping @Sendable () -> Void = {}
  ) async throws -> CommandExit {
    let process: NIOLoopBound<CommandDriver>
    do {
      process = try await start(command, deadline: deadline)
    } catch {
      released()
      throw error
    }
    do {
      while true {
        switch try await next(process, deadline: deadline) {
        case .launched: try await launched()
        case .output(let chunk): try await output(chunk)
        case .exit(let exit):
          released()
          return exit
        }
      }
    } catch {
      let ending = await Completion<CommandEnding?>.shielded(on: eventLoop, until: lastWord) { completion in
        process.value.kill {
          released()
          completion.succeed($0)
        }
      }
      guard let error = error as? SSHError else { throw error }
      throw error.explaining(ending ?? .unconfirmed)
    }
  }

  private func start(
    _ command: RemoteCommand, deadline: ContinuousClock.Instant
  ) async throws(SSHError) -> NIOLoopBound<CommandDriver> {
    try CommandScript.validate(command)
    let driver = self.driver
    return try await Completion<NIOLoopBound<CommandDriver>>.value(on: eventLoop, deadline: deadline) { completion in
      let process = CommandDriver(command, on: driver.value)
      process.start()
      completion.succeed(NIOLoopBound(process, eventLoop: driver.value.eventLoop))
    }
  }

  private func next(_ process: NIOLoopBound<CommandDriver>, deadline: ContinuousClock.Instant)
    async throws(SSHError) -> CommandDriver.Event
  {
    try await Completion<CommandDriver.Event>.value(
      on: eventLoop, deadline: deadline, expired: { process.value.lateness }
    ) { process.value.next($0) }
  }

  /// Has `body` called, on the event loop, each time the silent host answered a keepalive request.
  func whenKeptAlive(_ body: @escaping @Sendable () -> Void) {
    let driver = self.driver
    eventLoop.execute { driver.value.keptAlive = body }
  }

  /// Has `body` called, on the event loop, once the connection should be leased to nobody else: a channel of it keeps others from
  /// theirs.
  func whenObstructed(_ body: @escaping @Sendable () -> Void) {
    let driver = self.driver
    eventLoop.execute { driver.value.obstructed = body }
  }

  /// Says goodbye and closes; what is under way fails with `connectionLost`.
  package func close() async {
    open.clear()
    let driver = self.driver
    _ = await Completion<Void?>.shielded(on: eventLoop) { completion in
      driver.value.close()
      completion.succeed(())
    }
  }
}

extension SSHError {
  /// For a command that was ended early.
  fileprivate func explaining(_ ending: CommandEnding) -> SSHError {
    guard code == .timeout || code == .cancelled else { return self }
    var error = self
    error.ending = ending
    switch ending {
    case .notStarted: error.message += "; it had not begun"
    case .confirmed(let signal):
      error.mayHaveRun = true
      error.message += signal.map { "; its process group was ended (SIG\($0)) and is gone" } ?? "; it has ended"
    case .unconfirmed:
      error.mayHaveRun = true
      error.message += "; whether its process group is gone could not be confirmed: look on the host"
    }
    return error
  }
}
