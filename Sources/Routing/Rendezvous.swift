/// Highest-random-weight order: which agents come first for a host. Stateless; stable across processes and coordinators.
///
/// An agent that goes takes only its own hosts' first place with it, and one that comes takes only its share: pools of
/// warm connections stay where they are. Thaler, Ravishankar: A Name-Based Mapping Scheme for Rendezvous (1996).
package enum Rendezvous {
  /// The weight of (host, agent); the highest comes first.
  package static func score(host: UInt64, agent: UInt64) -> UInt64 {
    Mix64.mix(host ^ agent.rotated(by: 23) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Where the host stands between 0 and 1, for decisions that a host should keep: which zone, and when a new agent
  /// begins to serve it. `salt` separates such decisions from each other.
  package static func position(host: UInt64, salt: UInt64) -> Double {
    Mix64.share(Mix64.mix(host &+ Mix64.mix(salt ^ 0xA076_1D64_78BD_642F)))
  }
}

extension UInt64 {
  fileprivate func rotated(by bits: UInt64) -> UInt64 { (self << bits) | (self >> (64 - bits)) }
}
