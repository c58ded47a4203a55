package import FoundationEssentials

/// A value: the authority's answers to those who join and those who renew. Each answer blocks on files: not for an event loop.
///
/// While the authority is rotated, an agent gets the new one's certificate when it trusts that one and so does every coordinator that
/// it could meet; until then the old one's. The copies of a value see the same state.
package struct EnrollmentExchange: Sendable {
  package let revocations: Revocations
  package let holders: Holders
  let current: CurrentAuthorities
  private let tokenFolder: PrivateFolder
  /// Seconds that a leaf lasts.
  let leafLife: Double

  /// Seconds after which every coordinator that has the folder has seen a new authority in it, and its listeners trust it.
  static let settling = 5.0
  /// Seconds after which a certificate that was issued for another coordinator is taken to be in its place, where nobody has seen it.
  static let placing = 300.0

  /// - Parameters:
  ///   - authority: any of a folder's: all that it holds are taken from there.
  ///   - leafLife: Within `Authority.leafLives`.
  /// - Throws: `invalidTime`; `storage` where the authority's folder is not whole.
  package init(_ authority: Authority, leafLife: Double = Authority.leafLife) throws(EnrollmentError) {
    guard Authority.leafLives.contains(leafLife) else {
      throw EnrollmentError(.invalidTime, "A certificate lasts 600 to \(Int(Authority.leafLives.upperBound)) s")
    }
    current = try CurrentAuthorities(authority.folder)
    self.leafLife = leafLife
    tokenFolder = try TokenStore(current.value.serving).folder
    revocations = try Revocations(authority.folder)
    holders = try Holders(authority.folder)
  }

  /// By whose certificates coordinators with the folder show themselves.
  package var authority: Authority { current.value.serving }

  /// The tokens that are out; new ones have the pin of `authority`.
  package var tokens: TokenStore { TokenStore(tokenFolder, of: authority) }

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
      // Its token has the pin of the serving one, and it knows no other yet.
      return try issue(token.identity, certificateRequest, shown: nil, trusted: [], now: now)
    }
    return EnrollmentOutcome(result, facts)
  }

  /// Gives the agent that holds a certificate the next one, for the same identity and for whatever key it asks.
  ///
  /// - Parameters:
  ///   - request: DER or PEM.
  ///   - peer: DER of the certificate by which the peer of this very link has shown itself in the handshake.
  ///   - trusted: The authorities that the peer says it trusts; empty: that of its certificate.
  ///   - now: Read after the request had arrived: what is signed carries it, and a revocation that was not seen here is later
  ///     and covers it.
  package func renew(
    _ request: [UInt8], peer: [UInt8], trusted: [AuthorityPin] = [], now: Date
  ) -> EnrollmentOutcome {
    var facts = [AuditFact("operation", "renew")]
    let result = Result { () throws(EnrollmentError) -> IssuedCertificate in
      let leaf = try LeafCertificate(der: peer)
      try current.reloadIfChanged()
      let authority = try current.value.trusted.check(leaf, now: now)
      facts += [AuditFact("identity", leaf.identity.uri), AuditFact("renewed", leaf.serial.text)]
      guard leaf.identity.role == .agent else {
        throw EnrollmentError(.notRenewed, "\(leaf.identity) is no agent: its certificate is issued, not renewed")
      }
      let certificateRequest = try CertificateRequest(request)
      try revocations.reloadIfChanged()
      guard !revocations.isRevoked(leaf), !revocations.covers(leaf.identity, issued: now) else {
        throw EnrollmentError(.revoked, "The certificate \(leaf.serial) of \(leaf.identity) is revoked")
      }
      return try issue(leaf.identity, certificateRequest, shown: authority.pin, trusted: trusted, now: now)
    }
    return EnrollmentOutcome(result, facts)
  }

  /// With the folder's lock held: what is signed is written down before a rotation can look who needs the old authority, or by another.
  ///
  /// - Parameters:
  ///   - shown: the authority of the certificate that the peer has; nil: it has none.
  ///   - trusted: empty: that one, or the serving one.
  private func issue(
    _ identity: LinkIdentity, _ request: CertificateRequest, shown: AuthorityPin?, trusted: [AuthorityPin], now: Date
  ) throws(EnrollmentError) -> IssuedCertificate {
    let lock = try FolderLock(authority.folder)
    defer { lock.release() }
    try current.reloadIfChanged()
    // It may have been retired since the peer was looked at.
    guard shown.map(current.value.pins.contains) != false else {
      throw EnrollmentError(.notOurs, "The authority of the certificate of \(identity) is retired")
    }
    let trusted = trusted.isEmpty ? [shown ?? authority.pin] : trusted
    let signer = try signer(for: trusted, now: now)
    guard trusted.contains(signer.pin) else {
      throw EnrollmentError(.notOurs, "\(identity) does not trust the authority \(signer.pin)")
    }
    let issued = try signer.issue(identity, for: request, life: leafLife, now: now)
    try holders.note(HolderRecord(issued.leaf, by: signer.pin, trusted: trusted, isSeen: false))
    return issued
  }

  /// - Throws: `revoked`: the token was made before its identity was thrown out, or this is the second in which it was.
  private func checkAllowed(_ token: TokenRecord, now: Date) throws(EnrollmentError) {
    try revocations.reloadIfChanged()
    guard
      !revocations.covers(token.identity, issued: token.created), !revocations.covers(token.identity, issued: now)
    else { throw EnrollmentError(.revoked, "\(token.identity) is revoked, and with it its token \(token.id)") }
  }
}
