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
    identity.reserveCapacity(identity.count + host.userKnownHostsFiles.count + host.globalKnownHostsFiles.count + 10)
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
    // What both sides may agree on, and how the user may be let in; most aliases say nothing of it.
    for names in [host.hostKeyAlgorithms, host.ciphers, host.macs, host.kexAlgorithms, host.preferredAuthentications] {
      identity.append(names?.joined(separator: ",") ?? "")
    }
    let methods = [host.pubkeyAuthentication, host.passwordAuthentication, host.kbdInteractiveAuthentication]
    identity.append(methods.map { $0 ? "yes" : "no" }.joined(separator: ","))
    return identity
  }
}
