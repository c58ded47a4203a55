/// A value: what the authority signed, for one who has the key.
package struct IssuedCertificate: Sendable, Hashable {
  package let leaf: LeafCertificate
  package let authority: AuthorityCertificate

  /// DER, the leaf first: the answer on the wire.
  package var chain: [[UInt8]] { [leaf.der, authority.der] }
}
