import ArgumentParser

/// The flags of a command, by the settings they stand for.
protocol SettingFlags: ParsableArguments {
  /// Only what was given.
  var given: [String: [String]] { get }
}

extension Setting {
  var argumentHelp: ArgumentHelp { ArgumentHelp(stringLiteral: help) }
}

/// Collects the flags that were given.
func given(_ flags: [(Setting, String?)]) -> [String: [String]] {
  var given: [String: [String]] = [:]
  for case (let setting, let text?) in flags { given[setting.name] = [text] }
  return given
}

/// What every command that works with hosts knows.
struct SharedFlags: SettingFlags {
  @Option(help: Setting.sshConfig.argumentHelp) var sshConfig: String?
  @Option(help: Setting.knownHosts.argumentHelp) var knownHosts: String?
  @Option(help: Setting.strictHostKeyChecking.argumentHelp) var strictHostKeyChecking: String?
  @Option(help: Setting.allowlist.argumentHelp) var allowlist: String?
  @Option(help: Setting.blocklist.argumentHelp) var blocklist: String?
  @Option(help: Setting.labels.argumentHelp) var labels: String?
  @Option(help: Setting.commandTimeout.argumentHelp) var commandTimeout: String?
  @Option(help: Setting.idleTimeout.argumentHelp) var idleTimeout: String?
  @Option(help: Setting.maxPoolSize.argumentHelp) var maxPoolSize: String?
  @Option(help: Setting.eventLoops.argumentHelp) var eventLoops: String?
  @Option(help: Setting.segment.argumentHelp) var segment: String?
  @Option(help: Setting.logLevel.argumentHelp) var logLevel: String?
  @Option(help: Setting.logFormat.argumentHelp) var logFormat: String?
  @Option(
    help: """
      A YAML file of settings; its keys are the names in [brackets] without SCOUT_, in lower case. Flags and the \
      environment win over it. [SCOUT_CONFIG]
      """) var config: String?

  var given: [String: [String]] {
    scout.given([
      (.sshConfig, sshConfig), (.knownHosts, knownHosts), (.strictHostKeyChecking, strictHostKeyChecking),
      (.allowlist, allowlist), (.blocklist, blocklist), (.labels, labels), (.commandTimeout, commandTimeout),
      (.idleTimeout, idleTimeout), (.maxPoolSize, maxPoolSize), (.eventLoops, eventLoops), (.segment, segment),
      (.logLevel, logLevel),
      (.logFormat, logFormat),
    ])
  }
}

/// Where agents are and how their links are secured.
struct LinkFlags: SettingFlags {
  @Option(help: Setting.agents.argumentHelp) var agent: [String] = []
  @Option(help: Setting.agentCA.argumentHelp) var agentCa: String?
  @Option(help: Setting.agentCert.argumentHelp) var agentCert: String?
  @Option(help: Setting.agentKey.argumentHelp) var agentKey: String?
  @Flag(inversion: .prefixedNo, help: Setting.embeddedAgent.argumentHelp) var embeddedAgent: Bool?

  var given: [String: [String]] {
    var flags = scout.given([
      (.agentCA, agentCa), (.agentCert, agentCert), (.agentKey, agentKey),
      (.embeddedAgent, embeddedAgent.map { "\($0)" }),
    ])
    if !agent.isEmpty { flags[Setting.agents.name] = agent }
    return flags
  }
}

/// What the coordinator's own agent does by itself.
struct EmbeddedFlags: SettingFlags {
  @Option(help: Setting.checkInterval.argumentHelp) var checkInterval: String?

  var given: [String: [String]] { scout.given([(.checkInterval, checkInterval)]) }
}

/// Where agents reach the coordinator.
struct TunnelFlags: SettingFlags {
  @Option(help: Setting.agentListen.argumentHelp) var agentListen: String?
  @Option(help: Setting.pki.argumentHelp) var pki: String?
  @Option(help: Setting.enrollListen.argumentHelp) var enrollListen: String?
  @Option(help: Setting.etcd.argumentHelp) var etcd: String?
  @Option(help: Setting.etcdCA.argumentHelp) var etcdCa: String?
  @Option(help: Setting.etcdCert.argumentHelp) var etcdCert: String?
  @Option(help: Setting.etcdKey.argumentHelp) var etcdKey: String?
  @Option(help: Setting.etcdUser.argumentHelp) var etcdUser: String?
  @Option(help: Setting.etcdSnapshot.argumentHelp) var etcdSnapshot: String?

  var given: [String: [String]] {
    scout.given([
      (.agentListen, agentListen), (.pki, pki), (.enrollListen, enrollListen), (.etcd, etcd), (.etcdCA, etcdCa),
      (.etcdCert, etcdCert), (.etcdKey, etcdKey), (.etcdUser, etcdUser), (.etcdSnapshot, etcdSnapshot),
    ])
  }
}

/// How MCP clients reach the coordinator.
struct FrontDoorFlags: SettingFlags {
  @Option(help: Setting.transport.argumentHelp) var transport: String?
  @Option(help: Setting.httpHost.argumentHelp) var httpHost: String?
  @Option(help: Setting.httpPort.argumentHelp) var httpPort: String?
  @Option(help: Setting.tlsCert.argumentHelp) var tlsCert: String?
  @Option(help: Setting.tlsKey.argumentHelp) var tlsKey: String?
  @Flag(inversion: .prefixedNo, help: Setting.behindProxy.argumentHelp) var behindProxy: Bool?
  @Flag(inversion: .prefixedNo, help: Setting.authEnabled.argumentHelp) var authEnabled: Bool?
  @Option(help: Setting.allowedOrigins.argumentHelp) var allowedOrigins: String?
  @Option(help: Setting.allowedHosts.argumentHelp) var allowedHosts: String?
  @Option(help: Setting.rateLimitPerMinute.argumentHelp) var rateLimitPerMinute: String?
  @Option(help: Setting.rateLimitBurst.argumentHelp) var rateLimitBurst: String?
  @Option(help: Setting.maxConcurrentRequests.argumentHelp) var maxConcurrentRequests: String?
  @Option(help: Setting.maxBodySize.argumentHelp) var maxBodySize: String?
  @Option(help: Setting.maxFileSize.argumentHelp) var maxFileSize: String?
  @Option(help: Setting.slowThreshold.argumentHelp) var slowThresholdMs: String?
  @Flag(inversion: .prefixedNo, help: Setting.logPayloads.argumentHelp) var logPayloads: Bool?

  var given: [String: [String]] {
    scout.given([
      (.transport, transport), (.httpHost, httpHost), (.httpPort, httpPort), (.tlsCert, tlsCert), (.tlsKey, tlsKey),
      (.behindProxy, behindProxy.map { "\($0)" }), (.authEnabled, authEnabled.map { "\($0)" }),
      (.allowedOrigins, allowedOrigins), (.allowedHosts, allowedHosts), (.rateLimitPerMinute, rateLimitPerMinute),
      (.rateLimitBurst, rateLimitBurst), (.maxConcurrentRequests, maxConcurrentRequests), (.maxBodySize, maxBodySize),
      (.maxFileSize, maxFileSize), (.slowThreshold, slowThresholdMs),
      (.logPayloads, logPayloads.map { "\($0)" }),
    ])
  }
}

/// How the agent and its coordinators reach each other.
struct AgentFlags: SettingFlags {
  @Option(help: Setting.listen.argumentHelp) var listen: String?
  @Option(help: Setting.healthListen.argumentHelp) var healthListen: String?
  @Option(help: Setting.coordinators.argumentHelp) var coordinator: [String] = []
  @Option(help: Setting.agentName.argumentHelp) var name: String?
  @Option(help: Setting.priority.argumentHelp) var priority: String?
  @Option(help: Setting.checkInterval.argumentHelp) var checkInterval: String?
  @Option(help: Setting.tlsCA.argumentHelp) var tlsCa: String?
  @Option(help: Setting.tlsCert.argumentHelp) var tlsCert: String?
  @Option(help: Setting.tlsKey.argumentHelp) var tlsKey: String?
  @Option(help: Setting.stateDir.argumentHelp) var stateDir: String?

  var given: [String: [String]] {
    var flags = scout.given([
      (.listen, listen), (.healthListen, healthListen), (.agentName, name), (.priority, priority),
      (.checkInterval, checkInterval),
      (.tlsCA, tlsCa), (.tlsCert, tlsCert),
      (.tlsKey, tlsKey), (.stateDir, stateDir),
    ])
    if !coordinator.isEmpty { flags[Setting.coordinators.name] = coordinator }
    return flags
  }
}
