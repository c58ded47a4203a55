package import FoundationEssentials

/// A value: what the authority keeps of a token: everything but its secret.
package struct TokenRecord: Sendable, Hashable {
  /// SHA-256 of the secret, in hexadecimal.
  let hash: String
  /// Who the token lets in, and nobody else.
  package let identity: LinkIdentity
  /// Whole seconds.
  package let created: Date
  package let expires: Date

  /// Names the token in logs.
  package var id: String { String(hash.prefix(12)) }

  /// As it stands in the file.
  private struct Stored: Codable {
    var identity: String
    var created: Int64
    var expires: Int64
  }

  init(hash: String, identity: LinkIdentity, created: Date, expires: Date) {
    self.hash = hash
    self.identity = identity
    self.created = created
    self.expires = expires
  }

  /// - Throws: `storage`: the file holds no record.
  init(hash: String, json: [UInt8]) throws(EnrollmentError) {
    do {
      let stored = try JSONDecoder().decode(Stored.self, from: Data(json))
      self.init(
        hash: hash, identity: try LinkIdentity(uri: stored.identity), created: Instant.date(stored.created),
        expires: Instant.date(stored.expires))
    } catch {
      throw EnrollmentError(.storage, "The record of the token \(hash.prefix(12)) cannot be read")
    }
  }

  func json() throws(EnrollmentError) -> [UInt8] {
    let stored = Stored(
      identity: identity.uri, created: Int64(created.timeIntervalSince1970),
      expires: Int64(expires.timeIntervalSince1970))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(stored)) + [UInt8(ascii: "\n")]
    } catch {
      throw EnrollmentError(.storage, "The record of the token \(id) cannot be written: \(error)")
    }
  }
}
