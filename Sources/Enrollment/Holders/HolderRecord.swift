package import FoundationEssentials

/// A value: what the authority knows of one who holds a certificate: the one that was given or shown last.
package struct HolderRecord: Sendable, Hashable {
  package let identity: LinkIdentity
  let serial: SerialNumber
  /// Which authority's the certificate is.
  package let authority: AuthorityPin
  /// Whole seconds.
  let issued: Date
  package let expires: Date
  /// The authorities that the holder trusts, as it said last; of those who say nothing, none.
  package let trusted: [AuthorityPin]
  /// The certificate was shown here: it is in use. Otherwise it was given, and may have got lost, or not be in its place yet.
  package let isSeen: Bool

  /// As it stands in the file.
  private struct Stored: Codable {
    var identity: String
    var serial: String
    var authority: String
    var issued: Int64
    var expires: Int64
    var trusted: [String]
    var seen: Bool
  }

  init(_ leaf: LeafCertificate, by authority: AuthorityPin, trusted: [AuthorityPin], isSeen: Bool) {
    identity = leaf.identity
    serial = leaf.serial
    self.authority = authority
    issued = leaf.issued
    expires = leaf.notAfter
    self.trusted = trusted
    self.isSeen = isSeen
  }

  /// - Throws: `storage`: the file holds no record.
  init(json: [UInt8]) throws(EnrollmentError) {
    do {
      let stored = try JSONDecoder().decode(Stored.self, from: Data(json))
      identity = try LinkIdentity(uri: stored.identity)
      serial = try SerialNumber(stored.serial)
      authority = try AuthorityPin(stored.authority)
      issued = Instant.date(stored.issued)
      expires = Instant.date(stored.expires)
      trusted = try stored.trusted.map { try AuthorityPin($0) }
      isSeen = stored.seen
    } catch {
      throw EnrollmentError(.storage, "The record of a certificate's holder cannot be read")
    }
  }

  func json() throws(EnrollmentError) -> [UInt8] {
    let stored = Stored(
      identity: identity.uri, serial: serial.text, authority: authority.text,
      issued: Int64(issued.timeIntervalSince1970), expires: Int64(expires.timeIntervalSince1970),
      trusted: trusted.map(\.text), seen: isSeen)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(stored)) + [UInt8(ascii: "\n")]
    } catch {
      throw EnrollmentError(.storage, "The record of \(identity) cannot be written: \(error)")
    }
  }
}
