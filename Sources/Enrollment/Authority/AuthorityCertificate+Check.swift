package import FoundationEssentials
import X509

extension AuthorityCertificate {
  /// Whether `leaf` is this authority's, and valid at `now`. Says nothing of revocation.
  ///
  /// - Throws: `notOurs`, `notYetValid`, `expired`.
  package func check(_ leaf: LeafCertificate, now: Date) throws(EnrollmentError) {
    guard isNamed(by: leaf) else {
      throw EnrollmentError(.notOurs, "The certificate of \(leaf.identity) names another authority")
    }
    guard certificate.publicKey.isValidSignature(leaf.certificate.signature, for: leaf.certificate) else {
      throw EnrollmentError(.notOurs, "The certificate of \(leaf.identity) is not signed by this authority")
    }
    guard leaf.identity.trustDomain == trustDomain else {
      throw EnrollmentError(.notOurs, "\(leaf.identity) is not of the trust domain \(trustDomain)")
    }
    try Self.check(leaf.notBefore, leaf.notAfter, now, "The certificate")
    try Self.check(notBefore, notAfter, now, "The authority's certificate")
  }

  /// Whether `leaf` says that it is this authority's.
  func isNamed(by leaf: LeafCertificate) -> Bool { leaf.certificate.issuer == certificate.subject }

  /// When it was made: `notBefore` lies earlier, for clocks that are behind.
  var made: Date { notBefore.addingTimeInterval(Authority.headStart) }

  /// What a machine that joins asks of the server it has reached, before it sends its token: a coordinator's certificate,
  /// signed by the authority that is pinned, whose certificate stands in the chain too.
  ///
  /// - Parameter chain: DER as the handshake brought it, the server's own first.
  /// - Throws: `wrongPin`; `badCertificate`, `notOurs`, `notYetValid`, `expired` where the authority is the right one.
  package static func pinned(
    _ pin: AuthorityPin, in chain: [[UInt8]], now: Date
  ) throws(EnrollmentError) -> (authority: AuthorityCertificate, server: LeafCertificate) {
    guard let first = chain.first, chain.count <= CertificateText.longestChain else {
      throw EnrollmentError(.wrongPin, "The server showed \(chain.count) certificates")
    }
    var pinned: AuthorityCertificate?
    for der in chain.dropFirst() where pinned == nil {
      if let authority = try? AuthorityCertificate(der: der), authority.pin == pin { pinned = authority }
    }
    guard let pinned else {
      throw EnrollmentError(.wrongPin, "The server showed no authority with the pin \(pin)")
    }
    let server = try LeafCertificate(der: first)
    try pinned.check(server, now: now)
    guard server.identity.role == .coordinator else {
      throw EnrollmentError(.notOurs, "The server is \(server.identity), no coordinator")
    }
    return (pinned, server)
  }

  private static func check(
    _ notBefore: Date, _ notAfter: Date, _ now: Date, _ what: StaticString
  ) throws(EnrollmentError) {
    guard now >= notBefore else {
      throw EnrollmentError(.notYetValid, "\(what) is not valid yet: is the clock of one side wrong?")
    }
    guard now < notAfter else { throw EnrollmentError(.expired, "\(what) has expired") }
  }
}

extension [AuthorityCertificate] {
  /// Which of these authorities `leaf` is of, valid at `now`. Says nothing of revocation.
  ///
  /// - Throws: `notOurs`, `notYetValid`, `expired`.
  package func check(_ leaf: LeafCertificate, now: Date) throws(EnrollmentError) -> AuthorityCertificate {
    guard let authority = first(where: { $0.isNamed(by: leaf) }) else {
      throw EnrollmentError(.notOurs, "The certificate of \(leaf.identity) names another authority")
    }
    try authority.check(leaf, now: now)
    return authority
  }
}
