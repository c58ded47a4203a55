import Foundation
import SystemPackage
import Testing

@testable import Enrollment

/// What is known of revocations where the authority's folder is not.
@Suite struct RevocationCopyTests {
  private let start = Installation.start

  private func copy(_ installation: Installation, of authority: Authority? = nil) -> RevocationCopy {
    RevocationCopy(
      installation.scratch.path.appending("copy"),
      trusted: TrustedAuthorities([(authority ?? installation.authority).certificate]))
  }

  private func leaf(_ installation: Installation, _ identity: LinkIdentity) throws -> LeafCertificate {
    try installation.authority.issueWithKey(identity, now: start).leaf
  }

  @Test func aSignedListIsTakenAndKept() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let copy = copy(installation)
    let thrownOut = try leaf(installation, Installation.coordinator())
    let agent = try leaf(installation, Installation.agent())
    #expect(copy.digest.isEmpty)
    // Nobody is revoked: that is news once.
    let none = try #require(try exchange.signedRevocations(beyond: copy.digest, now: start))
    #expect(try !copy.take(none, now: start))
    #expect(try exchange.signedRevocations(beyond: copy.digest, now: start) == nil)

    // Another process of the same authority revokes.
    try installation.reopened().revocations.revoke(Installation.coordinator(), now: start)
    #expect(!copy.isRevoked(thrownOut))
    let signed = try #require(try exchange.signedRevocations(beyond: copy.digest, now: start))
    #expect(try copy.take(signed, now: start))
    #expect(copy.isRevoked(thrownOut) && !copy.isRevoked(agent))
    #expect(try exchange.signedRevocations(beyond: copy.digest, now: start) == nil)
    #expect(try !copy.take(signed, now: start))

    let anew = self.copy(installation)
    #expect(anew.isRevoked(thrownOut) && anew.digest == copy.digest)
    // Of another authority it says nothing.
    let other = self.copy(installation, of: try Installation().authority)
    #expect(!other.isRevoked(thrownOut) && other.digest.isEmpty)
    // What is made later counts.
    let later = try installation.authority.issueWithKey(
      Installation.coordinator(), now: start.addingTimeInterval(2)
    ).leaf
    #expect(!anew.isRevoked(later))
  }

  @Test func whatIsNotSignedOrSpoiltIsNotTaken() throws {
    let installation = try Installation()
    let copy = copy(installation)
    try installation.exchange.revocations.revoke(Installation.coordinator(), now: start)
    let good = try #require(try installation.exchange.signedRevocations(beyond: [], now: start))
    let foreign = try SignedRevocations(RevocationList(), by: try Installation().authority, now: start)
    for (text, signature, code) in [
      (foreign.text, foreign.signature, EnrollmentError.Code.notOurs), (foreign.text, good.signature, .notOurs),
      (good.text, [], .notOurs), ([], good.signature, .notOurs), (good.text, good.signature.dropLast(), .notOurs),
      (good.text + [10], good.signature, .notOurs),
      ([UInt8](repeating: 10, count: SignedRevocations.longestText + 1), good.signature, .notOurs),
    ] {
      #expect(refusal { try copy.take(SignedRevocations(text: text, signature: signature), now: start) } == code)
    }
    #expect(copy.digest.isEmpty)
    #expect(try copy.take(good, now: start))
    // A file that somebody spoilt counts as none.
    let file = URL(filePath: installation.scratch.path.appending("copy/revocations.signed").string)
    let kept = try Data(contentsOf: file)
    for bytes in [Data(), Data("00\n".utf8), kept.dropLast(), kept.dropFirst(), Data("zz".utf8) + kept] {
      try bytes.write(to: file)
      #expect(self.copy(installation).digest.isEmpty)
    }
    try kept.write(to: file)
    #expect(self.copy(installation).digest == copy.digest)
  }

  /// Whoever answers may be the one who is thrown out: it cannot go back to a list without it.
  @Test func anOlderListTakesNothingBack() throws {
    let installation = try Installation()
    let copy = copy(installation)
    let thrownOut = try leaf(installation, Installation.coordinator())
    let old = try #require(try installation.exchange.signedRevocations(beyond: [], now: start))
    try installation.exchange.revocations.revoke(Installation.coordinator(), now: start)
    let new = try #require(
      try installation.exchange.signedRevocations(beyond: [], now: start.addingTimeInterval(5)))
    #expect(try copy.take(new, now: start))
    #expect(refusal { try copy.take(old, now: Installation.start) } == .badAnswer)
    #expect(copy.isRevoked(thrownOut))
    #expect(refusal { try self.copy(installation).take(old, now: Installation.start) } == .badAnswer)

    // One that a clock far ahead has dated keeps nothing out.
    let future = try SignedRevocations(
      installation.exchange.revocations.list, by: installation.authority, now: start.addingTimeInterval(86_400))
    #expect(try !copy.take(future, now: start))
    #expect(try !copy.take(new, now: start))
  }

  /// A folder that cannot be written to: the list is in force all the same.
  @Test func whatCannotBeKeptIsInForce() throws {
    let installation = try Installation()
    let path = installation.scratch.path.appending("nowhere").appending("copy")
    let copy = RevocationCopy(path, trusted: TrustedAuthorities([installation.authority.certificate]))
    try installation.exchange.revocations.revoke(Installation.coordinator(), now: start)
    let signed = try #require(try installation.exchange.signedRevocations(beyond: [], now: start))
    #expect(refusal { try copy.take(signed, now: Installation.start) } == .storage)
    #expect(try copy.isRevoked(leaf(installation, Installation.coordinator())))
  }

  @Test func aCoordinatorsCertificateIsNotRenewed() throws {
    let installation = try Installation()
    let leaf = try leaf(installation, Installation.coordinator())
    let outcome = installation.exchange.renew(try KeyAndRequest().request, peer: leaf.der, now: start)
    #expect(outcome.refusal == .notRenewed)
    #expect(outcome.fact("identity") == leaf.identity.uri)
  }
}
