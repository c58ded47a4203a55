import Foundation
import Testing
import X509

@testable import Enrollment

/// What a machine that joins looks at before it sends its token.
@Suite struct PinnedServerTests {
  private let start = Installation.start
  private let authority: Authority
  private let leaf: LeafCertificate

  init() throws {
    authority = try Installation().authority
    leaf = try authority.issueWithKey(Installation.coordinator(), now: Installation.start).leaf
  }

  private func answer(_ chain: [[UInt8]], now: Date = Installation.start) -> EnrollmentError.Code? {
    refusal { _ = try AuthorityCertificate.pinned(authority.pin, in: chain, now: now) }
  }

  @Test func theCoordinatorIsKnownByThePin() throws {
    let found = try AuthorityCertificate.pinned(
      authority.pin, in: [leaf.der, authority.certificate.der], now: start)
    #expect(found.authority == authority.certificate)
    #expect(found.server == leaf)
    #expect(answer([leaf.der, [], [1, 2, 3], leaf.der, authority.certificate.der]) == nil)
  }

  @Test func anyOtherServerGetsNoToken() throws {
    let other = try Installation().authority
    let otherLeaf = try other.issueWithKey(Installation.coordinator(), now: start).leaf
    let agent = try authority.issueWithKey(Installation.agent(), now: start).leaf
    let own = authority.certificate.der
    #expect(answer([otherLeaf.der, other.certificate.der]) == .wrongPin)
    #expect(answer([]) == .wrongPin)
    #expect(answer([leaf.der]) == .wrongPin)
    #expect(answer([own]) == .wrongPin)
    #expect(answer([own, leaf.der]) == .wrongPin)
    #expect(answer([[UInt8]](repeating: own, count: 9)) == .wrongPin)
    // The right authority stands in the chain, for anybody can put it there.
    #expect(answer([otherLeaf.der, other.certificate.der, own]) == .notOurs)
    #expect(answer([otherLeaf.der, own]) == .notOurs)
    #expect(answer([agent.der, own]) == .notOurs)
    #expect(answer([own, own]) == .badCertificate)
    #expect(answer([[], own]) == .badCertificate)
    #expect(answer([leaf.der, own], now: leaf.notAfter) == .expired)
    #expect(answer([leaf.der, own], now: start.addingTimeInterval(-301)) == .notYetValid)
  }

  @Test func aCertificateThatOnlyShowsThePinnedKeyIsRefused() throws {
    // A stranger's, around the authority's public key.
    var forged = ForgedCertificate()
    forged.publicKey = authority.certificate.certificate.publicKey
    forged.subject = authority.certificate.certificate.subject
    forged.issuer = forged.subject
    forged.isAuthority = true
    forged.names = [.uniformResourceIdentifier("spiffe://scout")]
    #expect(answer([leaf.der, try forged.der()]) == .wrongPin)
  }

  @Test func aLeafThatNamesTheIssuerOnlyIsNotOurs() throws {
    var forged = ForgedCertificate()
    forged.issuer = authority.certificate.certificate.subject
    let identity = try Installation.coordinator()
    forged.names = [.uniformResourceIdentifier(identity.uri), .dnsName(identity.serverName)]
    #expect(answer([try forged.der(), authority.certificate.der]) == .notOurs)
    // And one of its key that names another.
    forged.signer = authority.key
    forged.issuer = DistinguishedName()
    #expect(answer([try forged.der(), authority.certificate.der]) == .notOurs)
    forged.issuer = authority.certificate.certificate.subject
    #expect(answer([try forged.der(), authority.certificate.der]) == nil)
    forged.names = [
      .uniformResourceIdentifier("spiffe://other/coordinator/main"), .dnsName("main.coordinator.other"),
    ]
    #expect(answer([try forged.der(), authority.certificate.der]) == .notOurs)
  }

  @Test func theIdentityComesFromTheOneURI() throws {
    let uri = GeneralName.uniformResourceIdentifier("spiffe://scout/agent/dc1/web1")
    let name = GeneralName.dnsName("web1.dc1.agent.scout")
    let cases: [(names: [GeneralName], isGood: Bool)] = [
      ([uri, name], true), ([name, uri], true), ([], false), ([uri], false), ([name], false),
      ([uri, uri, name], false),
      ([uri, .uniformResourceIdentifier("spiffe://scout/coordinator/main"), name], false),
      ([uri, name, name], false), ([uri, name, .dnsName("*")], false),
      ([uri, .dnsName("web2.dc1.agent.scout")], false),
      ([uri, name, .rfc822Name("root@web1")], false),
      ([.uniformResourceIdentifier("https://scout/agent/dc1/web1"), name], false),
    ]
    for (names, isGood) in cases {
      var forged = ForgedCertificate()
      forged.names = names
      let der = try forged.der()
      #expect(refusal { _ = try LeafCertificate(der: der) } == (isGood ? nil : .badCertificate), "\(names)")
    }
    var authority = ForgedCertificate()
    authority.names = [uri, name]
    authority.isAuthority = true
    let der = try authority.der()
    #expect(refusal { _ = try LeafCertificate(der: der) } == .badCertificate)
    for serial in [[], [0], [UInt8](repeating: 0x11, count: 21), [UInt8](repeating: 0x11, count: 4000)] as [[UInt8]] {
      var forged = ForgedCertificate()
      forged.names = [uri, name]
      forged.serial = serial
      let der = try forged.der()
      #expect(refusal { _ = try LeafCertificate(der: der) } == .badCertificate)
    }
  }
}
