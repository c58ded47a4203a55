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

  /// Keys first, then whose word is taken for the host's key: an alias that checks it must not get a connection of one
  /// that does not.
  private static func identity(of host: ResolvedHost) -> [String] {
    var identity = host.identityFiles
    identity.reserveCapacity(identity.count + host.userKnownHostsFiles.count + 4)
    switch host.identityAgent {
    case .none: identity.append("none")
    case .environment: identity.append("environment")
    case .path(let path): identity.append(path)
    }
    identity.append(host.identitiesOnly ? "only" : "any")
    identity.append(host.strictHostKeyChecking.rawValue)
    identity.append(host.hostKeyAlias ?? "")
    identity.append(contentsOf: host.userKnownHostsFiles)
    return identity
  }
}
