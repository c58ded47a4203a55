import SSHConfig

/// The connections that lead to a host through ssh_config(5) ProxyJump.
enum JumpChain {
  /// Hops at most, the ones that hops bring with them included.
  static let limit = 8

  /// The hosts to connect through, outermost first.
  ///
  /// As ssh(1) does it: each hop is resolved by the same configuration, with the user and port of the ProxyJump over
  /// its own; the ProxyJump of the first hop itself is followed, and that of the others is not, since the chain says how
  /// they are reached.
  static func resolve(_ host: ResolvedHost, in config: SSHConfig) throws -> [ResolvedHost] {
    var chain: [ResolvedHost] = []
    var next = host
    while !next.jumps.isEmpty {
      guard chain.count + next.jumps.count <= limit else {
        throw JumpError(alias: host.alias)
      }
      let hops = try next.jumps.map { try config.resolve($0) }
      chain = hops + chain
      next = hops[0]
    }
    return chain
  }
}

struct JumpError: Error, CustomStringConvertible {
  let alias: String

  var description: String {
    "the ProxyJump of `\(alias)` has more than \(JumpChain.limit) hops or goes in a circle: mend it in the ssh_config"
  }
}
