import Crypto
import Foundation
import SystemPackage
import Testing

@testable import Enrollment

@Suite struct AuthorityTests {
  private let start = Installation.start

  @Test func anAuthorityIsFoundAgain() throws {
    let installation = try Installation()
    let opened = try Authority.open(at: installation.authority.path)
    #expect(opened.certificate == installation.authority.certificate)
    #expect(opened.key.rawRepresentation == installation.authority.key.rawRepresentation)
    #expect(try AuthorityCertificate(pem: opened.certificate.pem).pin == opened.pin)
  }

  @Test func nothingIsOverwritten() throws {
    let installation = try Installation()
    let before = try installation.scratch.text("pki/authority.key.pem")
    let path = installation.authority.path
    #expect(
      refusal {
        _ = try Authority.create(at: path, trustDomain: .standard, now: Installation.start)
      } == .alreadyExists)
    #expect(try installation.scratch.text("pki/authority.key.pem") == before)
  }

  @Test(arguments: ["authority.pem", "authority.key.pem"])
  func aPartOfAnAuthorityIsNone(lost: String) throws {
    let installation = try Installation()
    let path = installation.authority.path
    try FileManager.default.removeItem(atPath: path.appending(lost).string)
    #expect(refusal { _ = try Authority.open(at: path) } == .storage)
    #expect(
      refusal {
        _ = try Authority.create(at: path, trustDomain: .standard, now: Installation.start)
      } == .alreadyExists)
  }

  @Test func aKeyOfAnotherAuthorityIsNoticed() throws {
    let (one, two) = (try Installation(), try Installation())
    let key = one.authority.path.appending("authority.key.pem").string
    try Data(contentsOf: URL(filePath: two.authority.path.appending("authority.key.pem").string))
      .write(to: URL(filePath: key))
    #expect(refusal { _ = try Authority.open(at: one.authority.path) } == .storage)
  }

  @Test func filesAreTheOwnersAlone() throws {
    let installation = try Installation()
    _ = try installation.exchange.tokens.create(for: Installation.agent(), now: start)
    let path = installation.authority.path
    let names = try FileManager.default.subpathsOfDirectory(atPath: path.string)
    #expect(names.count == 6)
    for name in names {
      let attributes = try FileManager.default.attributesOfItem(atPath: path.appending(name).string)
      let mode = try #require(attributes[.posixPermissions] as? NSNumber).intValue
      #expect(mode & 0o077 == 0, "\(name)")
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
    #expect(refusal { _ = try Authority.open(at: path) } == .storage)
    #expect(
      refusal { _ = try Authority.open(at: FilePath("/nowhere/at/all")) } == .notFound)
  }

  @Test func aLeafIsItsIdentityForItsTime() throws {
    let authority = try Installation().authority
    let now = start.addingTimeInterval(10.7)
    for identity in [try Installation.agent(), try Installation.coordinator()] {
      let leaf = try authority.issueWithKey(identity, now: now).leaf
      #expect(leaf.identity == identity)
      #expect(leaf.issued == start.addingTimeInterval(10))
      #expect(leaf.notBefore == start.addingTimeInterval(10 - 300))
      #expect(leaf.notAfter == start.addingTimeInterval(10 + 86_400))
      #expect(try LeafCertificate(pem: leaf.pem) == leaf)
      try authority.certificate.check(leaf, now: now)
      let before = leaf.notBefore.addingTimeInterval(-1)
      #expect(
        refusal { try authority.certificate.check(leaf, now: before) } == .notYetValid)
      #expect(
        refusal { try authority.certificate.check(leaf, now: leaf.notAfter) } == .expired)
    }
  }

  private struct Times: Sendable {
    var life = 600.0
    var offset = 0.0
    var code = EnrollmentError.Code.invalidTime
  }

  private static let times: [Times] = [
    Times(life: 599), Times(life: 34_300_801), Times(life: .nan), Times(life: .infinity), Times(life: -1),
    Times(offset: .nan), Times(offset: .infinity), Times(offset: -.infinity), Times(offset: 1e300),
    Times(offset: -1, code: .notYetValid), Times(offset: 315_360_000, code: .expired),
  ]

  @Test(arguments: times)
  private func timesHaveBounds(times: Times) throws {
    let authority = try Installation().authority
    let identity = try Installation.agent()
    let now = start.addingTimeInterval(times.offset)
    #expect(
      refusal { _ = try authority.issueWithKey(identity, life: times.life, now: now) } == times.code)
  }

  @Test func noLeafOutlivesItsAuthority() throws {
    let authority = try Installation().authority
    let late = authority.certificate.notAfter.addingTimeInterval(-700)
    #expect(
      try authority.issueWithKey(Installation.agent(), now: late).leaf.notAfter == authority.certificate.notAfter)
  }

  @Test func anotherTrustDomainIsRefused() throws {
    let authority = try Installation().authority
    let foreign = try LinkIdentity.coordinator(name: "main", in: TrustDomain("other"))
    #expect(
      refusal { _ = try authority.issueWithKey(foreign, now: Installation.start) }
        == .notOurs)
  }

  @Test func serialNumbersDiffer() throws {
    let authority = try Installation().authority
    var serials: Set<SerialNumber> = []
    for _ in 0..<50 {
      let serial = try authority.issueWithKey(Installation.agent(), now: start).leaf.serial
      serials.insert(serial)
      #expect(serial.text.utf8.count == 32)
      #expect(try SerialNumber(serial.text.uppercased()) == serial)
    }
    #expect(serials.count == 50)
  }
}
