package import FoundationEssentials

/// A value: the folder of the tokens that are out. Any number of processes may work on it at once. Blocks.
///
/// A token is `<hash>.token`, its record, and once it is used `<hash>.used`, whatever that file holds: who creates it owns the
/// token. Nobody can make a token of what lies in the folder.
package struct TokenStore: Sendable {
  static let folderName = "tokens"
  static let tokenSuffix = ".token"
  static let usedSuffix = ".used"
  /// Seconds that a token may last, and lasts by default.
  package static let lives = 60.0...86_400.0
  package static let life = 900.0
  /// Tokens in the folder at once.
  static let limit = 10_000
  /// Seconds that an expired token is kept, so that its late user is told so and the log shows it.
  static let memory: Int64 = 3600

  let folder: PrivateFolder
  let pin: AuthorityPin
  let trustDomain: TrustDomain

  init(_ authority: Authority) throws(EnrollmentError) {
    self.init(try authority.folder.folder(Self.folderName), of: authority)
  }

  init(_ folder: PrivateFolder, of authority: Authority) {
    self.folder = folder
    pin = authority.pin
    trustDomain = authority.trustDomain
  }

  /// Makes a token that lets one machine in as `identity`, once.
  ///
  /// - Parameter life: Seconds within `lives`.
  /// - Throws: `invalidTime`, `notOurs` for another trust domain, `tooMany`, `storage`.
  package func create(
    for identity: LinkIdentity, life: Double = life, now: Date
  ) throws(EnrollmentError) -> (token: JoinToken, record: TokenRecord) {
    guard Self.lives.contains(life) else { throw EnrollmentError(.invalidTime, "A token lasts 60 to 86400 s") }
    guard identity.trustDomain == trustDomain else {
      throw EnrollmentError(.notOurs, "\(identity) is not of the trust domain \(trustDomain)")
    }
    let created = try Instant.floor(now)
    try sweep(now: now)
    guard try folder.names().count(where: { $0.hasSuffix(Self.tokenSuffix) }) < Self.limit else {
      throw EnrollmentError(.tooMany, "\(Self.limit) tokens are out")
    }
    let secret = TokenSecret()
    let record = TokenRecord(
      hash: secret.hash, identity: identity, created: Instant.date(created),
      expires: Instant.date(created + Int64(life)))
    try folder.replace(record.hash + Self.tokenSuffix, try record.json())
    return (JoinToken(secret: secret, pin: pin), record)
  }

  /// The tokens that would still let somebody in, the first to expire first.
  package func outstanding(now: Date) throws(EnrollmentError) -> [TokenRecord] {
    var records: [TokenRecord] = []
    for record in try self.records() where record.expires > now && !isUsed(record.hash) { records.append(record) }
    return records.sorted { ($0.expires, $0.hash) < ($1.expires, $1.hash) }
  }

  /// Makes every token for `identity` worthless.
  ///
  /// - Returns: How many there were that would have let somebody in.
  @discardableResult
  package func withdraw(_ identity: LinkIdentity, now: Date) throws(EnrollmentError) -> Int {
    var count = 0
    for record in try outstanding(now: now) where record.identity == identity {
      try folder.remove(record.hash + Self.tokenSuffix)
      count += 1
    }
    try folder.synchronize()
    return count
  }

  /// Makes one token worthless. It may be gone already.
  package func withdraw(_ record: TokenRecord) throws(EnrollmentError) {
    try folder.remove(record.hash + Self.tokenSuffix)
    try folder.synchronize()
  }

  /// Forgets what expired an hour ago; to be called every hour or so.
  ///
  /// - Returns: How many tokens were forgotten.
  @discardableResult
  package func sweep(now: Date) throws(EnrollmentError) -> Int {
    let end = Instant.date(try Instant.floor(now) - Self.memory)
    var count = 0
    // The record goes first: a mark whose record has gone is not needed any more, since `burn` looks for the record again.
    for record in try records() where record.expires < end {
      try folder.remove(record.hash + Self.tokenSuffix)
      count += 1
    }
    if count > 0 { try folder.synchronize() }
    for name in try folder.names() where name.hasSuffix(Self.usedSuffix) {
      if !folder.exists(name.dropLast(Self.usedSuffix.count) + Self.tokenSuffix) { try folder.remove(name) }
    }
    return count
  }

  func isUsed(_ hash: String) -> Bool {
    folder.exists(hash + Self.usedSuffix)
  }

  /// - Returns: Nil where there is none (any more).
  func record(_ hash: String) throws(EnrollmentError) -> TokenRecord? {
    guard let json = try folder.read(hash + Self.tokenSuffix, limit: 4096) else { return nil }
    return try TokenRecord(hash: hash, json: json)
  }

  /// All that can be read: a file that somebody spoiled lets nobody in, and holds nothing up.
  private func records() throws(EnrollmentError) -> [TokenRecord] {
    var records: [TokenRecord] = []
    for name in try folder.names() where name.hasSuffix(Self.tokenSuffix) {
      let hash = String(name.dropLast(Self.tokenSuffix.count))
      if let record = try? record(hash) { records.append(record) }
    }
    return records
  }
}
