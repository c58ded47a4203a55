import Libssh2
import Logging
import NIOCore
import NIOPosix
import SSHConfig
import SocketFaults

/// One connect from the TCP handshake to the authenticated session. A value.
///
/// The phases run one after another; each has its own bound, and its name is in the error when the bound is passed.
struct Connector {
  let host: ResolvedHost
  let jump: NIOLoopBound<ConnectionDriver>?
  let credentials: SSHCredentials
  let settings: SSHConnectionSettings
  let eventLoop: any EventLoop
  let deadline: ContinuousClock.Instant
  let logger: Logger

  typealias Driver = NIOLoopBound<ConnectionDriver>

  func connect() async throws(SSHError) -> (Driver, ConnectTimings) {
    if let message = host.unsupportedMessage {
      throw SSHError(.unsupported, message, phase: .tcp, scope: .connection)
    }
    let known = try await KnownHostsCache.shared.load(host.userKnownHostsFiles + host.globalKnownHostsFiles)
    let check = HostKeyCheck(host: host, known: known)
    var plan = try await AuthenticationPlan.make(for: host, credentials: credentials, logger: logger)

    let started = ContinuousClock.now
    let driver = try await attach(check, bound: settings.tcpTimeout(of: host))
    let connected = ContinuousClock.now
    do throws(SSHError) {
      let keyEnd = connected + settings.keyExchangeTimeout(of: host)
      let key = try await step(driver, .keyExchange, since: connected, until: keyEnd) {
        session throws(SessionError) -> Poll<ServerHostKey> in
        guard case .ready = try session.handshake(), let key = session.hostKey else { return .again }
        return .ready(key)
      }
      if try await HostKeyPolicy(check: check).apply(key) == .acceptWithoutTrust { plan.withholdSecrets() }
      let exchanged = ContinuousClock.now
      try await authenticate(driver, plan, since: exchanged)
      let authenticated = ContinuousClock.now
      try await Completion<Void>.value(on: eventLoop, deadline: deadline) { completion in
        driver.value.becomeOpen()
        completion.succeed(())
      }
      return (
        driver,
        ConnectTimings(
          tcp: connected - started, keyExchange: exchanged - connected, authentication: authenticated - exchanged)
      )
    } catch {
      eventLoop.execute { driver.value.close() }
      var error = error
      error.scope = .connection
      error.elapsed = ContinuousClock.now - started
      throw error
    }
  }

  // MARK: Transport

  private func attach(_ check: HostKeyCheck, bound: Duration) async throws(SSHError) -> Driver {
    let host = self.host
    let settings = self.settings
    let eventLoop = self.eventLoop
    let started = ContinuousClock.now
    let expired = expiry(.tcp, since: started)
    let until = min(deadline, started + bound)
    if let jump {
      let transport = try await Completion<NIOLoopBound<ForwardTransport>>.value(
        on: eventLoop, deadline: until, expired: expired
      ) { completion in
        ForwardTransport(completion: completion, eventLoop: eventLoop)
          .open(through: jump.value, to: host.hostName, port: host.port)
      }
      do throws(SSHError) {
        return try await Completion<Driver>.value(on: eventLoop, deadline: until, expired: expired) { completion in
          completion.attachDriver(transport.value, check, host, settings, eventLoop) { transport.value.attach($0) }
        }
      } catch {
        // Too late: nobody else has the outer connection's channel.
        eventLoop.execute { transport.value.close() }
        throw error
      }
    }
    return try await Completion<Driver>.value(on: eventLoop, deadline: until, expired: expired) { completion in
      ClientBootstrap(group: eventLoop)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelOption(.autoRead, value: false)
        .channelOption(.recvAllocator, value: SocketTransport.buffers)
        .connectTimeout(TimeAmount(bound))
        .connect(host: host.hostName, port: host.port)
        .assumeIsolated()
        .whenComplete { result in
          switch result {
          case .success(let channel):
            // Too late: the deadline has passed or the caller has gone.
            guard completion.isWaiting else { return channel.close(promise: nil) }
            let transport = SocketTransport(channel: channel)
            completion.attachDriver(transport, check, host, settings, eventLoop) { driver in
              do {
                try channel.pipeline.syncOperations.addHandler(transport)
                transport.attach(driver)
              } catch {
                driver.transportEnded("\(error)")
              }
            }
          case .failure(let error):
            completion.fail(Self.unreachable(host, error, expired))
          }
        }
    }
  }

  private static func unreachable(_ host: ResolvedHost, _ error: any Error, _ expired: () -> SSHError) -> SSHError {
    if case ChannelError.connectTimeout = error { return expired() }
    if let error = error as? NIOConnectionError {
      if error.connectionErrors.contains(where: {
        if case ChannelError.connectTimeout = $0.error { true } else { false }
      }) {
        return expired()
      }
      if let single = error.connectionErrors.first {
        return noConnection(host, single.error)
      }
      return SSHError(
        .unreachable, "\(host.alias): the name \(host.hostName) cannot be resolved; set HostName in ssh_config",
        phase: .tcp, scope: .connection)
    }
    return noConnection(host, error)
  }

  private static func noConnection(_ host: ResolvedHost, _ error: any Error) -> SSHError {
    SSHError(
      .unreachable,
      "\(host.alias): no TCP connection to \(host.hostName) port \(host.port): \(SocketFault.words(error)). Is the host up, does sshd listen there, and are HostName and Port in ssh_config right?",
      phase: .tcp, scope: .connection)
  }

  // MARK: Steps

  private func step<Value: Sendable>(
    _ driver: Driver, _ phase: SSHError.Phase, since started: ContinuousClock.Instant,
    until end: ContinuousClock.Instant, takesLong: Bool = false,
    _ operation: @escaping @Sendable (inout Session) throws(SessionError) -> Poll<Value>
  ) async throws(SSHError) -> Value {
    try await Completion<Value>.value(
      on: eventLoop, deadline: min(deadline, end), expired: expiry(phase, since: started)
    ) { completion in
      completion.onAbort { driver.value.end(nil) }
      driver.value.perform(phase, completion, takesLong: takesLong, operation)
    }
  }

  /// What is said of a phase that began at `started` and has no time left.
  private func expiry(
    _ phase: SSHError.Phase, since started: ContinuousClock.Instant
  ) -> @Sendable () -> SSHError {
    let alias = host.alias
    let place = "\(host.hostName) port \(host.port)"
    return {
      let elapsed = ContinuousClock.now - started
      let hint =
        switch phase {
        case .tcp: "nothing answers there: check the address, the route and firewalls"
        case .keyExchange: "the port accepts connections but sshd does not talk: the host may be overloaded or hung"
        default: "sshd takes too long: check its load, DNS and PAM modules"
        }
      return SSHError(
        .connectTimeout,
        "\(alias): \(phase.words) with \(place) took more than \(elapsed.formattedSeconds); \(hint)",
        phase: phase, scope: .connection, elapsed: elapsed)
    }
  }

  // MARK: Authentication

  private func authenticate(
    _ driver: Driver, _ plan: AuthenticationPlan, since started: ContinuousClock.Instant
  ) async throws(SSHError) {
    var plan = plan
    do throws(SSHError) {
      if try await offer(&plan, to: driver, since: started) { return }
      if plan.mayContinue, try await offer(&plan, to: driver, since: started) { return }
    } catch {
      // RFC 4252 section 4: a server hangs up after so many refusals.
      guard error.code == .unreachable, plan.hasTried else { throw error }
      throw plan.failure(hungUp: true)
    }
    throw plan.failure()
  }

  /// Makes the plan's attempts that the host allows now. Answers whether we are let in.
  private func offer(
    _ plan: inout AuthenticationPlan, to driver: Driver, since started: ContinuousClock.Instant
  ) async throws(SSHError) -> Bool {
    let user = host.user
    let methods = try await step(
      driver, .authentication, since: started, until: started + settings.authenticationTimeout
    ) { session throws(SessionError) in try session.authenticationMethods(user: user) }
    guard let methods else { return true }
    for attempt in plan.allowed(methods) {
      switch try await show(attempt, to: driver, since: started) {
      case .accepted: return true
      case .refused(let reason): plan.refused(attempt, reason)
      }
    }
    return false
  }

  private enum Answer: Sendable {
    case accepted
    /// With what this side has to say about it.
    case refused(String?)
  }

  private enum StepAnswer: Sendable {
    case accepted
    case needsSignature([UInt8])
    case refused(String?)
  }

  private func show(
    _ attempt: AuthenticationPlan.Attempt, to driver: Driver, since started: ContinuousClock.Instant
  ) async throws(SSHError) -> Answer {
    var shown: AuthenticationAttempt
    var agentKey: AgentIdentity?
    switch attempt {
    case .file(let file):
      // To decrypt a key takes a tenth of a second: once, and not twice to learn what the file tells.
      shown = .privateKey(
        file.contents, publicKey: file.isEncrypted ? file.ownPublicLine : nil,
        passphrase: file.isEncrypted ? credentials.keyPassphrase : nil)
    case .agent(let identity):
      shown = .publicKey(identity.blob, signature: nil)
      agentKey = identity
    case .keyboardInteractive: shown = .keyboardInteractive(credentials.password ?? "")
    case .password: shown = .password(credentials.password ?? "")
    }
    while true {
      switch try await ask(driver, shown, since: started) {
      case .accepted: return .accepted
      case .refused(let reason): return .refused(reason)
      case .needsSignature(let data):
        guard let agentKey, let agent = credentials.agent(host),
          shown == .publicKey(agentKey.blob, signature: nil)
        else {
          return .refused("a signature was asked for twice")
        }
        guard let signature = try await sign(data, with: agentKey, of: agent) else {
          return .refused("the agent does not sign with it")
        }
        shown = .publicKey(agentKey.blob, signature: signature)
      }
    }
  }

  /// Nil when the agent refuses.
  private func sign(
    _ data: [UInt8], with key: AgentIdentity, of agent: any SSHAgentClient
  ) async throws(SSHError) -> [UInt8]? {
    do throws(SSHError) {
      let flags = SignatureRequest(data).flags
      return SignatureRequest.blob(of: try await agent.sign(blob: key.blob, data: data, flags: flags))
    } catch {
      guard error.code != .cancelled else { throw error }
      logger.debug("ssh-agent does not sign", metadata: ["host": "\(host.alias)", "error": "\(error.message)"])
      return nil
    }
  }

  private func ask(
    _ driver: Driver, _ attempt: AuthenticationAttempt, since started: ContinuousClock.Instant
  ) async throws(SSHError) -> StepAnswer {
    let user = host.user
    return try await step(
      driver, .authentication, since: started, until: started + settings.authenticationTimeout,
      takesLong: attempt.takesLong
    ) { session throws(SessionError) in
      do throws(SessionError) {
        switch try session.authenticate(user: user, attempt) {
        case .again: return .again
        case .ready(.accepted): return .ready(.accepted)
        case .ready(.needsSignature(let data)): return .ready(.needsSignature(data))
        }
      } catch {
        switch error.code {
        case .authenticationRefused: return .ready(.refused(nil))
        case .privateKey: return .ready(.refused("the key cannot be read: \(error.message)"))
        default: throw error
        }
      }
    }
  }
}

extension Completion where Value == NIOLoopBound<ConnectionDriver> {
  /// Makes the driver of a fresh transport, proposes what can be checked, and lets bytes come.
  fileprivate func attachDriver(
    _ transport: any ByteTransport, _ check: HostKeyCheck, _ host: ResolvedHost, _ settings: SSHConnectionSettings,
    _ eventLoop: any EventLoop, _ attach: (ConnectionDriver) -> Void
  ) {
    do throws(SessionError) {
      var session = try Session()
      try session.prefer(check.algorithms(from: session.supported(.hostKey)), for: .hostKey)
      try session.prefer(AlgorithmPreference.ciphers(host, session.supported(.cipher)), for: .cipher)
      try session.prefer(AlgorithmPreference.macs(host, session.supported(.mac)), for: .mac)
      try session.prefer(AlgorithmPreference.keyExchanges(host, session.supported(.keyExchange)), for: .keyExchange)
      let driver = ConnectionDriver(
        session: session, transport: transport, host: host.alias, settings: settings, eventLoop: eventLoop)
      attach(driver)
      succeed(NIOLoopBound(driver, eventLoop: eventLoop))
    } catch {
      transport.close()
      var error = SSHError(error, host: host.alias, phase: .keyExchange)
      if error.code == .failure { error.code = .unsupported }
      fail(error)
    }
  }
}

extension Duration {
  /// "1.52 s"
  var formattedSeconds: String {
    let hundredths = Int((self / .milliseconds(10)).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) s"
  }
}
