/// A value: who a joiner takes itself for. Only refuses: what it says is never believed, and the name comes from the token.
package struct TokenClaim: Sendable, Hashable {
  package let role: LinkIdentity.Role
  package let segment: String?
  package let name: String?

  /// - Parameters:
  ///   - segment: Nil takes whatever the token says; so does a nil `name`.
  package init(_ role: LinkIdentity.Role, segment: String? = nil, name: String? = nil) {
    self.role = role
    self.segment = segment
    self.name = name
  }

  func fits(_ identity: LinkIdentity) -> Bool {
    role == identity.role && (segment == nil || segment == identity.segment) && (name == nil || name == identity.name)
  }
}
