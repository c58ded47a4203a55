/// A value: who stands at one end of a link. Comes from a certificate, never from what a peer claims.
package struct LinkIdentity: Sendable, Hashable, CustomStringConvertible {
  package enum Role: String, Sendable, Hashable, CaseIterable {
    case agent
    case coordinator
  }

  package let trustDomain: TrustDomain
  package let role: Role
  /// Only agents stand in a segment.
  package let segment: String?
  package let name: String

  /// - Parameters:
  ///   - segment: One label.
  ///   - name: Dotted labels, 64 bytes at most. Host names must be made lower case by the caller.
  /// - Throws: `invalidName`.
  package static func agent(
    segment: String, name: String, in trustDomain: TrustDomain
  ) throws(EnrollmentError) -> LinkIdentity {
    try NameRule.checkLabel(segment, "segment")
    try NameRule.checkName(name, "name")
    return LinkIdentity(trustDomain: trustDomain, role: .agent, segment: segment, name: name)
  }

  /// - Throws: `invalidName`.
  package static func coordinator(name: String, in trustDomain: TrustDomain) throws(EnrollmentError) -> LinkIdentity {
    try NameRule.checkName(name, "name")
    return LinkIdentity(trustDomain: trustDomain, role: .coordinator, segment: nil, name: name)
  }

  private init(trustDomain: TrustDomain, role: Role, segment: String?, name: String) {
    self.trustDomain = trustDomain
    self.role = role
    self.segment = segment
    self.name = name
  }

  /// `spiffe://<trust domain>/agent/<segment>/<name>` or `spiffe://<trust domain>/coordinator/<name>`.
  ///
  /// - Throws: `invalidName`: any other form, and any part that breaks its rule.
  package init(uri: String) throws(EnrollmentError) {
    let scheme = "spiffe://"
    guard uri.utf8.count <= 512, uri.hasPrefix(scheme) else { throw Self.refusal(uri) }
    let parts = uri.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    switch (parts.count, parts.count > 1 ? Role(rawValue: parts[1]) : nil) {
    case (4, .agent): self = try .agent(segment: parts[2], name: parts[3], in: TrustDomain(parts[0]))
    case (3, .coordinator): self = try .coordinator(name: parts[2], in: TrustDomain(parts[0]))
    default: throw Self.refusal(uri)
    }
  }

  package var uri: String {
    "\(trustDomain.uri)/\(role.rawValue)/\(segment.map { "\($0)/" } ?? "")\(name)"
  }

  /// The identity as a DNS name, which every leaf carries too: ordinary host name verification against it checks role,
  /// segment, name and trust domain at once.
  package var serverName: String {
    "\(name).\(segment.map { "\($0)." } ?? "")\(role.rawValue).\(trustDomain.name)"
  }

  package var description: String { uri }

  private static func refusal(_ uri: String) -> EnrollmentError {
    EnrollmentError(.invalidName, "Not the identity of an agent or a coordinator: '\(NameRule.shown(uri))'")
  }
}
