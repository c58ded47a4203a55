import Pool
import SSHConfig

extension PoolKey {
  /// Two aliases share connections if they mean the same account by the same keys, the same trust and the same way.
  ///
  /// - Parameter jumps: in the order in which they are dialled.
  init(_ host: ResolvedHost, jumps: some Collection<ResolvedHost>) {
    var via: [PoolKey] = []
    for jump in jumps { via.append(PoolKey(jump, jumps: EmptyCollection())) }
    self.init(host: host.hostName, port: host.port, user: host.user, identity: Self.identity(of: host), via: via)
  }

  /// Keys first, then whose word is taken for the host's key, and what the connection may be: an alias that is strict must not get a
  /// connection of one that is not.
  private static func identity(of host: ResolvedHost) -> [String] {
    var identity = host.identityFiles
    identity.reserveCapacity(identity.count + host.userKnownHostsFiles.count + host.globalKnownHostsFiles.count + 4)
    switch host.identityAgent {
    case .none: identity.append("none")
    case .environment: identity.append("environment")
    case .path(let path): identity.append(path)
    }
    identity.append(host.identitiesOnly ? "only" : "any")
    identity.append(host.strictHostKeyChecking.rawValue)
    identity.append(host.hostKeyAlias ?? "")
    identity.append(contentsOf: host.userKnownHostsFiles)
    identity.append(contentsOf: host.globalKnownHostsFiles)
    // What both sides may agree on, and how the user may be let in. Each request makes its key: most aliases say nothing of these.
    func add(_ keyword: StaticString, _ names: [String]?) {
      if let names { identity.append("\(keyword) \(names.joined(separator: ","))") }
    }
    add("HostKeyAlgorithms", host.hostKeyAlgorithms)
    add("Ciphers", host.ciphers)
    add("MACs", host.macs)
    add("KexAlgorithms", host.kexAlgorithms)
    add("PreferredAuthentications", host.preferredAuthentications)
    if !host.pubkeyAuthentication { identity.append("PubkeyAuthentication no") }
    if !host.passwordAuthentication { identity.append("PasswordAuthentication no") }
    if !host.kbdInteractiveAuthentication { identity.append("KbdInteractiveAuthentication no") }
    return identity
  }
}
