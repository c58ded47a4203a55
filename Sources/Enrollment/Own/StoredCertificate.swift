/// A value: the certificate that this side uses, and the files of it. All are of one generation: key and chain belong together,
/// now and after the next renewal.
package struct StoredCertificate: Sendable, Hashable {
  package let leaf: LeafCertificate
  package let authority: AuthorityCertificate
  package let keyFile: String
  /// The leaf, then the authority.
  package let chainFile: String
  package let authorityFile: String

  package var identity: LinkIdentity { leaf.identity }
}
