/// A value: the name of one authority's realm, as it stands in every identity below it.
package struct TrustDomain: Sendable, Hashable, CustomStringConvertible {
  package static let standard = TrustDomain(unchecked: "scout")

  package let name: String

  /// - Throws: `invalidName`.
  package init(_ name: String) throws(EnrollmentError) {
    try NameRule.checkName(name, "trust domain")
    self.name = name
  }

  private init(unchecked name: String) {
    self.name = name
  }

  /// The identity of the authority itself. Source: SPIFFE X509-SVID, section 3.2 (a signing certificate has no path).
  package var uri: String { "spiffe://\(name)" }

  package var description: String { name }
}
