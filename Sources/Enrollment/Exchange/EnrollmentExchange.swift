package import FoundationEssentials

/// A value: the authority's answers to those who join and those who renew. Each answer blocks on files: not for an event loop.
package struct EnrollmentExchange: Sendable {
  package let authority: Authority
  package let tokens: TokenStore
  package let revocations: Revocations
  /// Seconds that a leaf lasts.
  let leafLife: Double

  /// - Parameter leafLife: Within `Authority.leafLives`.
  /// - Throws: `invalidTime`; `storage` where the authority's folder is not whole.
  package init(_ authority: Authority, leafLife: Double = Authority.leafLife) throws(EnrollmentError) {
    guard Authority.leafLives.contains(leafLife) else {
      throw EnrollmentError(.invalidTime, "A certificate lasts 600 to \(Int(Authority.leafLives.upperBound)) s")
    }
    self.authority = authority
    self.leafLife = leafLife
    tokens = try TokenStore(authority)
    revocations = try Revocations(authority.folder)
  }

  /// Lets a machine in by its token. All that can be refused is refused before the token is spent, and the token is spent
  /// before anything is signed: a crash in between costs a token, never lets two in.
  ///
  /// - Parameter now: Read after the request had arrived.
  package func join(_ request: JoinRequest, now: Date) -> EnrollmentOutcome {
    var facts = [AuditFact("operation", "join"), AuditFact("role", request.claim.role.rawValue)]
    let result = Result { () throws(EnrollmentError) -> IssuedCertificate in
      let token = try tokens.find(request.secret, request.claim, now: now)
      facts += [AuditFact("token", token.id), AuditFact("identity", token.identity.uri)]
      // Only who has a good token gets as far as a parser.
      let certificateRequest = try CertificateRequest(request.request)
      try checkAllowed(token, now: now)
      try tokens.burn(token)
      try checkAllowed(token, now: now)
      return try authority.issue(token.identity, for: certificateRequest, life: leafLife, now: now)
    }
    return EnrollmentOutcome(result, facts)
  }

  /// Gives the agent that holds a certificate the next one, for the same identity and for whatever key it asks.
  ///
  /// - Parameters:
  ///   - request: DER or PEM.
  ///   - peer: DER of the certificate by which the peer of this very link has shown itself in the handshake.
  ///   - now: Read after the request had arrived: what is signed carries it, and a revocation that was not seen here is later
  ///     and covers it.
  package func renew(_ request: [UInt8], peer: [UInt8], now: Date) -> EnrollmentOutcome {
    var facts = [AuditFact("operation", "renew")]
    let result = Result { () throws(EnrollmentError) -> IssuedCertificate in
      let leaf = try LeafCertificate(der: peer)
      try authority.certificate.check(leaf, now: now)
      facts += [AuditFact("identity", leaf.identity.uri), AuditFact("renewed", leaf.serial.text)]
      guard leaf.identity.role == .agent else {
        throw EnrollmentError(.notRenewed, "\(leaf.identity) is no agent: its certificate is issued, not renewed")
      }
      let certificateRequest = try CertificateRequest(request)
      try revocations.reloadIfChanged()
      guard !revocations.isRevoked(leaf), !revocations.covers(leaf.identity, issued: now) else {
        throw EnrollmentError(.revoked, "The certificate \(leaf.serial) of \(leaf.identity) is revoked")
      }
      return try authority.issue(leaf.identity, for: certificateRequest, life: leafLife, now: now)
    }
    return EnrollmentOutcome(result, facts)
  }

  /// - Throws: `revoked`: the token was made before its identity was thrown out, or this is the second in which it was.
  private func checkAllowed(_ token: TokenRecord, now: Date) throws(EnrollmentError) {
    try revocations.reloadIfChanged()
    guard
      !revocations.covers(token.identity, issued: token.created), !revocations.covers(token.identity, issued: now)
    else { throw EnrollmentError(.revoked, "\(token.identity) is revoked, and with it its token \(token.id)") }
  }
}
