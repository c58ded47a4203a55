import AgentAPI
package import SSHConfig

/// One host as the agent serves it. A value.
struct InventoryHost: Sendable {
  let alias: String
  let resolved: ResolvedHost
  /// The hosts of its ProxyJump, outermost first.
  let jumps: [ResolvedHost]
  let labels: [String: String]
}

extension InventoryHost {
  /// A host whose settings cannot be resolved.
  ///
  /// - Parameter fault: what is said to whoever wants to use it.
  fileprivate init(alias: String, fault: String, labels: [String: String]) {
    var resolved = ResolvedHost(alias: alias, hostName: alias, user: "")
    resolved.unsupported = [UnsupportedSetting(keyword: "Host", value: alias, message: fault)]
    self.init(alias: alias, resolved: resolved, jumps: [], labels: labels)
  }
}

/// The hosts that an agent serves, as its configuration says at one moment. A value.
struct Inventory: Sendable {
  /// Grows with every reading of the configuration; 0 until `InventoryStore` numbers it.
  var generation: UInt64 = 0
  /// In the configuration's order. A host whose settings are wrong is among them and says so when it is used.
  let all: [InventoryHost]
  private let indices: [String: Int]

  init(_ config: SSHConfig, settings: AgentSettings) {
    var all: [InventoryHost] = []
    var indices: [String: Int] = [:]
    let filter = HostFilter(settings)
    for alias in config.aliases where filter.admits(alias) {
      indices[alias] = all.count
      do {
        let resolved = try config.resolve(alias)
        all.append(
          InventoryHost(
            alias: alias, resolved: settings.overriding(resolved),
            jumps: try JumpChain.resolve(resolved, in: config).map(settings.overriding),
            labels: filter.labels(of: alias, tags: resolved.tags)))
      } catch {
        all.append(InventoryHost(alias: alias, fault: "\(error)", labels: filter.labels(of: alias, tags: [])))
      }
    }
    self.all = all
    self.indices = indices
  }

  /// - Throws: `unknown_host`.
  func host(_ alias: String) throws(AgentError) -> InventoryHost {
    if let index = indices[alias] { return all[index] }
    throw AgentError(
      code: .unknownHost,
      message:
        "this agent has no host `\(alias)`: ask the tool `hosts` for the names, or add it to the agent's ssh_config")
  }
}

extension AgentSettings {
  /// Those of the aliases that are served.
  package func served(_ aliases: [String]) -> [String] {
    let filter = HostFilter(self)
    return aliases.filter(filter.admits)
  }

  /// The host with what these settings say for every host.
  package func overriding(_ host: ResolvedHost) -> ResolvedHost {
    var host = host
    if let knownHostsPath {
      host.userKnownHostsFiles = [knownHostsPath]
      host.globalKnownHostsFiles = []
    }
    if let strictHostKeyChecking { host.strictHostKeyChecking = strictHostKeyChecking }
    return host
  }
}

/// Which aliases are served, and the labels they get from the settings. A value.
struct HostFilter: Sendable {
  private let allowlist: [HostPattern]
  private let blocklist: [HostPattern]
  private let rules: [(pattern: HostPattern, labels: [String: String])]

  init(_ settings: AgentSettings) {
    allowlist = settings.allowlist.map { HostPattern(Substring($0)) }
    blocklist = settings.blocklist.map { HostPattern(Substring($0)) }
    rules = settings.labels.map { (HostPattern(Substring($0.pattern)), $0.labels) }
  }

  func admits(_ alias: String) -> Bool {
    (allowlist.isEmpty || allowlist.contains { $0.matches(alias) }) && !blocklist.contains { $0.matches(alias) }
  }

  /// - Parameter tags: of ssh_config's `Tag`; `key=value` becomes that label, any other word the label `tag`.
  func labels(of alias: String, tags: [String]) -> [String: String] {
    var labels: [String: String] = [:]
    for tag in tags {
      let parts = tag.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { labels[String(parts[0])] = String(parts[1]) } else { labels["tag"] = tag }
    }
    for rule in rules where rule.pattern.matches(alias) { labels.merge(rule.labels) { $1 } }
    return labels
  }
}

extension HostInfo {
  init(_ host: InventoryHost, state: HostState) {
    self.init()
    alias = host.alias
    hostName = host.resolved.hostName
    port = UInt32(host.resolved.port)
    user = host.resolved.user
    labels = host.labels
    self.state = state
  }
}
