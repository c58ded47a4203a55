/// How the link to an agent is. A value.
package enum LinkState: Sendable, Hashable {
  /// An attempt is under way; also the state before `RemoteAgent.run`.
  case connecting
  case connected
  /// Between two attempts, with the reason why the last one failed or the link was lost.
  case down(reason: String)
  /// `RemoteAgent.run` has ended.
  case stopped
}
