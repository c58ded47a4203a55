import SwiftASN1

/// DER out of what a peer or a file holds, bounded before it is looked at. Holds no state.
enum CertificateText {
  /// Bytes of one certificate or request. Ours have under 1 KiB.
  static let longestDER = 8192
  /// Bytes of a file with a chain.
  static let longestPEM = 65_536
  /// Certificates in a chain.
  static let longestChain = 8

  /// - Returns: The DER of each block, all of which have the `type`.
  /// - Throws: `code`.
  static func blocks(
    _ text: String, _ type: String, _ code: EnrollmentError.Code
  ) throws(EnrollmentError) -> [[UInt8]] {
    guard text.utf8.count <= longestPEM else { throw EnrollmentError(code, "PEM of more than \(longestPEM) bytes") }
    let documents: [PEMDocument]
    do {
      documents = try PEMDocument.parseMultiple(pemString: text)
    } catch {
      throw EnrollmentError(code, "Not PEM: \(NameRule.shown("\(error)"))")
    }
    guard !documents.isEmpty, documents.count <= longestChain, documents.allSatisfy({ $0.discriminator == type }) else {
      throw EnrollmentError(code, "Expected 1 to \(longestChain) PEM blocks of the type \(type) and no others")
    }
    return documents.map(\.derBytes)
  }

  /// The one block of `text`.
  static func block(_ text: String, _ type: String, _ code: EnrollmentError.Code) throws(EnrollmentError) -> [UInt8] {
    let blocks = try blocks(text, type, code)
    guard blocks.count == 1 else { throw EnrollmentError(code, "Expected one PEM block, found \(blocks.count)") }
    return blocks[0]
  }

  static func pem(_ der: [UInt8], _ type: String) -> String {
    PEMDocument(type: type, derBytes: der).pemString + "\n"
  }

  /// Parses DER of bounded size.
  static func parse<Value: DERImplicitlyTaggable>(
    _ der: [UInt8], as type: Value.Type, _ what: StaticString, _ code: EnrollmentError.Code
  ) throws(EnrollmentError) -> Value {
    guard !der.isEmpty, der.count <= longestDER else {
      throw EnrollmentError(code, "A \(what) has 1 to \(longestDER) bytes, not \(der.count)")
    }
    do {
      return try Value(derEncoded: der)
    } catch {
      throw EnrollmentError(code, "Not a \(what): \(NameRule.shown("\(error)"))")
    }
  }

  static func der(_ value: some DERSerializable) throws(EnrollmentError) -> [UInt8] {
    var serializer = DER.Serializer()
    do {
      try serializer.serialize(value)
    } catch {
      throw EnrollmentError(.badCertificate, "Cannot be written as DER: \(error)")
    }
    return serializer.serializedBytes
  }
}
