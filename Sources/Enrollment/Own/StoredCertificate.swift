/// A value: the certificate that this side uses, and the files of it. All are of one generation: key and chain belong together,
/// now and after the next renewal.
package struct StoredCertificate: Sendable, Hashable {
  package let leaf: LeafCertificate
  package let authority: AuthorityCertificate
  /// Whom this side trusts: that one, and another while they are rotated.
  package let trusted: [AuthorityCertificate]
  /// Seconds since 1970: when the authorities said whom to trust. The least where they never had to.
  let trustMade: Int64
  package let keyFile: String
  /// The leaf, then the authority.
  package let chainFile: String
  /// All that are trusted.
  package let authorityFile: String

  package var identity: LinkIdentity { leaf.identity }
}
