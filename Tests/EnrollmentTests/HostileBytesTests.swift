import Foundation
import Testing

@testable import Enrollment

/// Random and mutated bytes at each place where a peer's or a file's bytes come in: refused or taken, never a trap.
@Suite struct HostileBytesTests {
  private let installation: Installation
  private let leaf: LeafCertificate
  private let request: [UInt8]

  init() throws {
    installation = try Installation()
    leaf = try installation.authority.issueWithKey(Installation.coordinator(), now: Installation.start).leaf
    request = try KeyAndRequest().request
  }

  private func offer(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? LeafCertificate(der: bytes)
    _ = try? LeafCertificate(pem: text)
    _ = try? AuthorityCertificate(der: bytes)
    _ = try? CertificateRequest(bytes)
    _ = try? JoinToken(text)
    _ = try? AuthorityPin(text)
    _ = try? SerialNumber(text)
    _ = try? LinkIdentity(uri: text)
    _ = try? RevocationList(file: bytes)
    _ = try? TokenRecord(hash: text, json: bytes)
    let authority = installation.authority
    _ = try? AuthorityCertificate.pinned(
      authority.pin, in: [bytes, authority.certificate.der], now: Installation.start)
    _ = try? AuthorityCertificate.pinned(authority.pin, in: [leaf.der, bytes], now: Installation.start)
  }

  @Test func randomBytes() {
    let seed = UInt64.random(in: .min ... .max)
    print("HostileBytesTests.randomBytes: seed \(seed)")
    var random = Seeded(seed)
    for _ in 0..<1500 {
      var bytes = random.bytes(Int.random(in: 0...300, using: &random))
      if let first = bytes.indices.first, Bool.random(using: &random) { bytes[first] = 0x30 }
      offer(bytes)
    }
  }

  @Test func mutatedCertificatesAndRequests() throws {
    let seed = UInt64.random(in: .min ... .max)
    print("HostileBytesTests.mutatedCertificatesAndRequests: seed \(seed)")
    var random = Seeded(seed)
    let record = try TokenRecord(
      hash: "ab", identity: leaf.identity, created: Installation.start, expires: Installation.start
    ).json()
    let entry = try RevocationEntry(serial: leaf.serial, revoked: 1, expires: 2).json()
    let originals = [
      leaf.der, installation.authority.certificate.der, request, Array(leaf.pem.utf8), record, entry,
      Array(JoinToken(secret: TokenSecret(), pin: installation.authority.pin).text.utf8), Array(leaf.identity.uri.utf8),
    ]
    for _ in 0..<3000 {
      var bytes = originals[Int.random(in: 0..<originals.count, using: &random)]
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        case 1: if place < bytes.count { bytes[place] = UInt8.random(in: .min ... .max, using: &random) }
        case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: min(place, bytes.count))
        case 3: bytes.removeLast(bytes.count - place)
        default: if place < bytes.count { bytes[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0 }
        }
      }
      offer(bytes)
    }
  }

  /// A changed certificate of the authority is no longer one: no bit of what is signed can be turned.
  @Test func noTurnedBitPasses() throws {
    // TBSCertificate, a SEQUENCE of at least 256 bytes, behind the outer one's header (RFC 5280, section 4.1). What comes behind it
    // is the signature, whose own encoding is not signed.
    #expect(leaf.der[4] == 0x30 && leaf.der[5] == 0x82)
    let signed = 4..<(8 + Int(leaf.der[6]) << 8 + Int(leaf.der[7]))
    for place in signed {
      for bit in [UInt8(0x01), 0x80] {
        var bytes = leaf.der
        bytes[place] ^= bit
        guard let turned = try? LeafCertificate(der: bytes) else { continue }
        #expect(
          refusal { try installation.authority.certificate.check(turned, now: Installation.start) } != nil,
          "byte \(place)")
      }
    }
  }
}
