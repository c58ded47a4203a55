import FoundationEssentials

/// A value: one line of the revocations: a certificate by its number, or an identity with all that was issued for it so far.
struct RevocationEntry: Sendable, Hashable, Codable {
  /// Lower case hexadecimal.
  var serial: String?
  var identity: String?
  /// Seconds since 1970.
  var revoked: Int64
  /// When the last certificate that the line is about has expired, and the line can go.
  var expires: Int64

  /// - Throws: `storage`, naming the line.
  init(json: some Sequence<UInt8>, line: Int) throws(EnrollmentError) {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(json))
    } catch {
      throw EnrollmentError(.storage, "Line \(line) of the revocations cannot be read: \(NameRule.shown("\(error)"))")
    }
    let isNamed =
      switch (serial, identity) {
      case (let serial?, nil): (try? SerialNumber(serial))?.text == serial
      case (nil, let identity?): (try? LinkIdentity(uri: identity)) != nil
      default: false
      }
    guard isNamed else {
      throw EnrollmentError(.storage, "Line \(line) of the revocations names neither a serial number nor an identity")
    }
  }

  init(serial: SerialNumber, revoked: Int64, expires: Int64) {
    self.serial = serial.text
    self.revoked = revoked
    self.expires = expires
  }

  init(identity: LinkIdentity, revoked: Int64, expires: Int64) {
    self.identity = identity.uri
    self.revoked = revoked
    self.expires = expires
  }

  /// One line, with its end.
  func json() throws(EnrollmentError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    } catch {
      throw EnrollmentError(.storage, "A revocation cannot be written: \(error)")
    }
  }
}
