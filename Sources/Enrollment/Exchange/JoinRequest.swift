/// A value: what a machine sends to join, as it came from the wire.
package struct JoinRequest: Sendable {
  /// `JoinToken.secret`.
  package var secret: [UInt8]
  package var claim: TokenClaim
  /// DER or PEM.
  package var request: [UInt8]

  package init(secret: [UInt8], claim: TokenClaim, request: [UInt8]) {
    self.secret = secret
    self.claim = claim
    self.request = request
  }
}
