package import FoundationEssentials

extension EnrollmentExchange {
  /// The folder's authorities as they were read last.
  package var authorities: Authorities { current.value }
  /// Those that are trusted here, and told to others: `announce` makes them the `authorities`.
  package var announced: Authorities { current.announced }
  /// How often the `authorities` have become others.
  package var rotations: Int { current.changes }

  /// Looks whether another process rotated the authority.
  ///
  /// - Throws: As `Authorities.open`; what was known stays.
  package func reloadAuthorities() throws(EnrollmentError) { try current.reloadIfChanged() }

  /// To be called when this side's own certificate is one that those will take who trust the `authorities` alone.
  package func announce() { current.announce() }

  /// What a rotation has for somebody who shows this certificate: whom to trust, where it trusts others; and whether it should renew,
  /// since it would get a certificate of another authority. Notes what it shows and trusts.
  ///
  /// - Parameters:
  ///   - peer: DER.
  ///   - trusted: As it says; empty where it knows nothing of rotations, and is told nothing.
  /// - Throws: `badCertificate`, `notOurs`, `expired`, `notYetValid`, `storage`, `invalidTime`.
  package func news(
    for peer: [UInt8], trusted: [AuthorityPin], now: Date
  ) throws(EnrollmentError) -> (authorities: SignedAuthorities?, renews: Bool) {
    let announced = current.announced
    let leaf = try LeafCertificate(der: peer)
    let authority = try announced.trusted.check(leaf, now: now)
    try holders.note(HolderRecord(leaf, by: authority.pin, trusted: trusted, isSeen: true))
    guard !trusted.isEmpty else { return (nil, false) }
    let isOther = Set(trusted) != Set(announced.pins)
    let signer = try signer(for: trusted, now: now)
    return (
      isOther ? try SignedAuthorities(announced, now: now) : nil,
      leaf.identity.role == .agent && signer.pin != authority.pin && trusted.contains(signer.pin)
        && current.value.pins.contains(authority.pin)
    )
  }

  /// A certificate with a new key for a coordinator that does not have the folder, which trusts all `authorities`.
  ///
  /// It is of the new authority as soon as all agents trust that one.
  ///
  /// - Throws: As `Authority.issueWithKey`; `storage`, `busy`.
  package func issueWithKey(
    _ identity: LinkIdentity, life: Double, now: Date
  ) throws(EnrollmentError) -> Credentials {
    let lock = try FolderLock(authority.folder)
    defer { lock.release() }
    try current.reloadIfChanged()
    let authorities = current.value
    var signer = authorities.serving
    if let next = authorities.next, try strangers(to: next, .agent, now: now).isEmpty { signer = next }
    let credentials = try signer.issueWithKey(identity, life: life, now: now)
    // What one trusts that asks here is known from itself: the new folder may not be in its place for long.
    let before = holders.record(identity)
    let trusted = before?.isSeen == true ? before?.trusted ?? [] : authorities.pins
    try holders.note(HolderRecord(credentials.leaf, by: signer.pin, trusted: trusted, isSeen: false))
    return credentials
  }

  /// Who has a certificate in force and does not trust `authority`, as far as is known.
  ///
  /// - Throws: `storage`.
  package func strangers(
    to authority: Authority, _ role: LinkIdentity.Role, now: Date
  ) throws(EnrollmentError) -> [HolderRecord] {
    try revocations.reloadIfChanged()
    return try holders.inForce(revocations, role: role, now: now).filter { !$0.trusted.contains(authority.pin) }
  }

  /// Who signs for an agent that trusts these.
  func signer(for trusted: [AuthorityPin], now: Date) throws(EnrollmentError) -> Authority {
    let authorities = current.value
    guard let next = authorities.next, trusted.contains(next.pin),
      now >= next.certificate.made.addingTimeInterval(Self.settling),
      try strangers(to: next, .coordinator, now: now).isEmpty,
      try holders.inForce(revocations, role: .coordinator, now: now)
        .allSatisfy({ $0.isSeen || now >= $0.issued.addingTimeInterval(Self.placing) })
    else { return authorities.serving }
    return next
  }

  /// Forgets whose certificates have long expired; to be called every hour or so.
  ///
  /// - Throws: `storage`.
  package func sweepHolders(now: Date) throws(EnrollmentError) { try holders.sweep(now: now) }
}
