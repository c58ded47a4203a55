/// A value: why no certificate was made, taken or shown, in words for the operator and in words for the peer.
package struct EnrollmentError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable, Hashable, CaseIterable {
    /// A trust domain, a segment, a name or a spiffe identity that breaks its rule.
    case invalidName
    /// The text is no token: wrong length, wrong characters, wrong checksum.
    case invalidToken
    case invalidPin
    /// A lifetime or an instant out of its range.
    case invalidTime
    /// No certificate of the chain that the server showed has the pinned key.
    case wrongPin
    case tokenUnknown
    case tokenUsed
    case tokenExpired
    /// The token is good, but for another role, segment or name.
    case tokenForAnother
    /// As many tokens are out as the folder may hold, or as many revocations.
    case tooMany
    /// The certificate request is too large, no request, or not signed by its own key.
    case badRequest
    /// The key of a request is of a kind that the links' TLS does not accept.
    case keyNotAllowed
    /// Bytes that are no certificate, or one without the one name that ours have.
    case badCertificate
    /// A certificate that this authority did not sign, or of another trust domain.
    case notOurs
    case notYetValid
    case expired
    case revoked
    /// A coordinator's certificate is issued anew, not renewed.
    case notRenewed
    /// The authority's answer does not carry the key that was sent, or carries another name than was asked for.
    case badAnswer
    case alreadyExists
    /// An authority that is to go, while somebody has nothing but its certificate.
    case stillNeeded
    case notFound
    /// A file could not be read or written, or holds what nobody here wrote.
    case storage
    /// Another process held the folder's lock for too long.
    case busy
  }

  package var code: Code
  /// For the operator and the log. Never holds a secret; what a peer sent stands in it bounded and printable.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// True where the same attempt, repeated, can succeed without anybody doing anything.
  package var mayPass: Bool {
    switch code {
    case .storage, .busy: true
    default: false
    }
  }

  /// What the peer may know. All refused tokens read alike: who guesses learns nothing.
  package var peerMessage: String {
    switch code {
    case .tokenUnknown, .tokenUsed, .tokenExpired, .tokenForAnother, .invalidToken:
      "The token is not valid here: it is unknown, used, expired, or for another name"
    case .invalidPin: "An authority's pin has 32 bytes"
    case .badRequest: "The certificate request cannot be read or is not signed by its own key"
    case .keyNotAllowed: "The key must be ECDSA P-256 or P-384"
    case .badCertificate, .notOurs: "The certificate is not one of this authority"
    case .expired, .notYetValid: "The certificate is not valid at this time"
    case .revoked: "This identity is revoked"
    case .notRenewed: "A coordinator's certificate is not renewed here: issue another"
    case .storage, .busy: "The authority cannot answer now"
    default: "The authority refused"
    }
  }

  package var description: String { "\(code): \(message)" }
}
