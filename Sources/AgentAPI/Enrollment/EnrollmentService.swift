import RPC

/// What Protocol/scout/enrollment/v1/enrollment.proto defines, as the authority's keeper does it.
///
/// The first two methods return the chain in DER, the leaf first; all throw `EnrollmentRefusal`.
package protocol EnrollmentService: Sendable {
  /// - Parameter peer: for the audit line.
  func join(_ request: EnrollmentJoinRequest, from peer: String) async throws(EnrollmentRefusal) -> [[UInt8]]

  /// - Parameter certificate: by which the client has shown itself in the handshake, in DER.
  func renew(
    _ request: EnrollmentRenewRequest, certificate: [UInt8], from peer: String
  ) async throws(EnrollmentRefusal) -> [[UInt8]]

  /// For whoever has shown a certificate of an agent or a coordinator.
  ///
  /// - Parameter certificate: As in `renew`.
  func revocations(
    _ request: EnrollmentRevocationsRequest, certificate: [UInt8]
  ) async throws(EnrollmentRefusal) -> EnrollmentSignedRevocations
}

/// Why no certificate was made, in words that the peer may know. A value.
package struct EnrollmentRefusal: Error, Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// Nothing but another token, or another request, helps.
    case denied
    case badRequest
    /// The same request may succeed later.
    case unavailable
  }

  package var kind: Kind
  package var message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  init(_ error: RPCError) {
    switch error.code {
    case .permissionDenied, .unauthenticated: self.init(.denied, error.message)
    case .invalidArgument: self.init(.badRequest, error.message)
    default: self.init(.unavailable, error.message)
    }
  }

  var status: RPCError {
    switch kind {
    case .denied: RPCError(.permissionDenied, message)
    case .badRequest: RPCError(.invalidArgument, message)
    case .unavailable: RPCError(.unavailable, message)
    }
  }
}
