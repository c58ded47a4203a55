import Pool
import Agent
import AgentAPI
import Foundation
import Logging
import NIOCore
import SSH
import SSHConfig
import Telemetry

/// An agent, made of settings: the embedded one and `scout agent` alike.
struct AgentParts {
  let agent: Agent

  /// - Parameters:
  ///   - name: the agent's own.
  ///   - segment: as its certificate says; nil: as the settings say.
  ///   - checkInterval: see `AgentSettings`.
  ///   - stateFolder: where its journal of commands is kept; nil: in memory.
  init(
    _ settings: SettingsReader, name: String, segment: String? = nil, checkInterval: Duration? = nil,
    stateFolder: String? = nil,
    group: any EventLoopGroup, logger: Logger
  ) throws {
    var agentSettings = try settings.agentSettings(name: name)
    if let segment { agentSettings.segment = segment }
    agentSettings.checkInterval = checkInterval
    agentSettings.stateFolder = stateFolder

    var pool = SSHPoolSettings()
    pool.pool.connections = try settings.integer(.maxPoolSize)
    pool.pool.idleTimeout = .seconds(try settings.integer(.idleTimeout))
    let health = HealthBook()
    pool.connectBounds = { [pace = health.pace] host, settings in pace.bounds(settings, of: host.alias) }
    let sshPool = SSHPool(
      settings: pool, credentials: settings.credentials(on: group), group: group, logger: logger,
      observer: health.observer)
    do {
      agent = try Agent(
        settings: agentSettings, pool: sshPool, health: health, version: Scout.version, logger: logger)
    } catch {
      throw SettingsError("\(Setting.stateDir.variable) (\(Setting.stateDir.flag)): \(error.message)")
    }
  }

  /// The agent's name where none is given: the machine's, without its domain.
  static var machineName: String {
    String(ProcessInfo.processInfo.hostName.prefix { $0 != "." })
  }
}

extension SettingsReader {
  /// What an agent of this process is told, but for what only `scout agent` knows.
  func agentSettings(name: String) throws -> AgentSettings {
    var settings = AgentSettings(name: name, segment: text(.segment) ?? "local")
    settings.configPath = try readableFile(.sshConfig)
    settings.knownHostsPath = text(.knownHosts)
    settings.strictHostKeyChecking = try strictHostKeyChecking()
    settings.allowlist = try hostPatterns(.allowlist)
    settings.blocklist = try hostPatterns(.blocklist)
    settings.labels = try labelRules()
    settings.commandTimeout = .seconds(try integer(.commandTimeout))
    return settings
  }

  /// After how long `scout agent` looks at a host; nil: never.
  func checkInterval() throws(SettingsError) -> Duration? {
    let seconds = try integer(.checkInterval)
    return seconds == 0 ? nil : .seconds(seconds)
  }

  /// The embedded agent serves a person's own configuration, with keys that may ask the person: it goes to no host unasked unless
  /// it is told to.
  func embeddedCheckInterval() throws(SettingsError) -> Duration? {
    isSaid(.checkInterval) ? try checkInterval() : nil
  }

  fileprivate func readableFile(_ setting: Setting) throws(SettingsError) -> String? {
    guard let path = text(setting) else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw SettingsError("\(setting.variable) (\(setting.flag)): `\(path)` is not a file that can be read")
    }
    return path
  }

  fileprivate func strictHostKeyChecking() throws -> StrictHostKeyChecking? {
    switch try choice(.strictHostKeyChecking) {
    case "yes"?, "true"?: .yes
    case "accept-new"?: .acceptNew
    case "no"?, "false"?: .off
    default: nil
    }
  }

  /// `GLOB:KEY=VALUE`, one label each.
  fileprivate func hostPatterns(_ setting: Setting) throws(SettingsError) -> [String] {
    let patterns = list(setting)
    for pattern in patterns { try check(hostPattern: pattern, of: setting) }
    return patterns
  }

  /// What can match no host, or is meant for more than `*` and `?`, is refused: a block-list that is misread blocks nobody.
  private func check(hostPattern pattern: some StringProtocol, of setting: Setting) throws(SettingsError) {
    guard pattern.contains(where: { "[]{}!@/ ".contains($0) }) else { return }
    throw SettingsError(
      "\(setting.variable) (\(setting.flag)): `\(pattern)` names no host: write names with * and ? alone, separated by commas"
    )
  }

  fileprivate func labelRules() throws(SettingsError) -> [LabelRule] {
    var rules: [LabelRule] = []
    for text in list(.labels) {
      let parts = text.split(separator: ":", maxSplits: 1)
      let label = parts.last.map { $0.split(separator: "=", maxSplits: 1) } ?? []
      guard parts.count == 2, label.count == 2 else {
        throw SettingsError("\(Setting.labels.variable): `\(text)` is not HOSTS:KEY=VALUE, for example web*:role=web")
      }
      try check(hostPattern: parts[0], of: .labels)
      rules.append(LabelRule(pattern: String(parts[0]), labels: [String(label[0]): String(label[1])]))
    }
    return rules
  }

  /// What hosts are shown beside key files: the ssh-agent that ssh_config names, and the secrets that settings hold.
  func credentials(on group: any EventLoopGroup) -> SSHCredentials {
    SSHCredentials(
      agent: { host in SSHAgent(for: host.identityAgent, on: group) }, password: text(.sshPassword),
      keyPassphrase: text(.sshKeyPassphrase))
  }
}
