/// What the registry could not do, and why. A value.
package struct RegistryError: Error, Sendable, Hashable {
  package enum Code: Sendable, Hashable {
    /// A row, an address or a setting that is outside its bounds.
    case invalid
    /// More rows than this registry holds.
    case full
    /// No connection to an endpoint, or it ended.
    case unreachable
    /// No answer within the time for it.
    case timedOut
    /// The endpoint refused: credentials, permission, or a request it does not take.
    case refused
    /// etcd's user may not do this.
    case forbidden
    /// etcd takes no more rows: its quota is used up, and its alarm stands.
    case noSpace
    /// An answer that is too large or that is not what etcd's gateway says.
    case malformed
    /// The revision asked for is no longer kept: list again.
    case compacted
    /// The lease ran out: take another one.
    case leaseLost
  }

  package var code: Code
  /// For a person.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

extension RegistryError: CustomStringConvertible {
  package var description: String { "\(code): \(message)" }
}
