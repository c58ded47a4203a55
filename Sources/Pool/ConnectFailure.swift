/// Why a connection could not be made, as far as the pool decides by it. A value.
package struct ConnectFailure: Sendable {
  package enum Kind: Sendable, Hashable {
    /// May pass: refused, unreachable, timed out. Tried again; the requests wait meanwhile.
    case transient
    /// The server refused the user. Tried again when somebody asks, and after a long pause from the second time on.
    case authentication
    /// Stays until somebody changes something: a changed host key, a setting that is not supported.
    case permanent
  }

  package var kind: Kind
  /// What the pool's user knows about it; handed back in refusals.
  package var reason: any Error

  package init(_ kind: Kind, _ reason: any Error) {
    self.kind = kind
    self.reason = reason
  }
}
