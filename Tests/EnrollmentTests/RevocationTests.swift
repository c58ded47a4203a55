import Foundation
import SystemPackage
import Testing

@testable import Enrollment

@Suite struct RevocationTests {
  private let start = Installation.start

  private func leaf(_ installation: Installation, _ name: String = "web1", after: Double = 0) throws -> LeafCertificate
  {
    try installation.authority.issueWithKey(Installation.agent(name), now: start.addingTimeInterval(after)).leaf
  }

  @Test func aSerialNumberIsOneCertificate() throws {
    let installation = try Installation()
    let revocations = installation.exchange.revocations
    let (one, two) = (try leaf(installation), try leaf(installation))
    try revocations.revoke(one.serial, expires: one.notAfter, now: start)
    #expect(revocations.isRevoked(one))
    #expect(!revocations.isRevoked(two))
    #expect(try installation.reopened().revocations.isRevoked(one))
  }

  @Test func anIdentityIsRevokedUpToNowAndMayJoinAnew() throws {
    let installation = try Installation()
    let revocations = installation.exchange.revocations
    try revocations.revoke(Installation.agent(), now: start.addingTimeInterval(10.2))
    // What was made in the same second is covered, whichever was first.
    for (after, isRevoked) in [
      (0.0, true), (10, true), (10.9, true), (11, true), (11.9, true), (12, false), (99, false),
    ] {
      #expect(try revocations.isRevoked(leaf(installation, after: after)) == isRevoked, "after \(after) s")
    }
    #expect(try !revocations.isRevoked(leaf(installation, "web2")))
    // An earlier revocation, written later, takes nothing back.
    try revocations.revoke(Installation.agent(), now: start)
    #expect(try revocations.isRevoked(leaf(installation, after: 11)))
  }

  @Test func anotherProcessIsHeard() throws {
    let installation = try Installation()
    let revocations = installation.exchange.revocations
    let leaf = try leaf(installation)
    #expect(try !revocations.reloadIfChanged())
    let other = try installation.reopened().revocations
    try other.revoke(leaf.serial, now: start)
    #expect(!revocations.isRevoked(leaf))
    #expect(try revocations.reloadIfChanged())
    #expect(revocations.isRevoked(leaf))
    #expect(try !revocations.reloadIfChanged())
    #expect(try !other.reloadIfChanged())
  }

  /// Whoever has to look at links again learns of a change also where a renewal read it first.
  @Test func aChangeIsCountedWhoeverReadsIt() throws {
    let installation = try Installation()
    let revocations = installation.exchange.revocations
    let (leaf, before) = (try leaf(installation), revocations.changes)
    try installation.reopened().revocations.revoke(leaf.serial, now: start)
    _ = installation.exchange.renew(try KeyAndRequest().request, peer: leaf.der, now: start)
    #expect(try !revocations.reloadIfChanged())
    #expect(revocations.changes == before + 1)
    try revocations.sweep(now: start)
    #expect(revocations.changes == before + 1)
    try revocations.revoke(Installation.agent("web9"), now: start)
    #expect(revocations.changes == before + 2)
  }

  @Test func twoObjectsLoseNothingOfEachOther() throws {
    let installation = try Installation()
    let other = try installation.reopened().revocations
    let leaves = try (0..<10).map { _ in try leaf(installation) }
    for (index, leaf) in leaves.enumerated() {
      try (index % 2 == 0 ? installation.exchange.revocations : other).revoke(leaf.serial, now: start)
    }
    let anew = try installation.reopened().revocations
    #expect(leaves.allSatisfy(anew.isRevoked))
  }

  @Test func aFileThatHasGoneOrIsSpoiledLetsNobodyBackIn() throws {
    let installation = try Installation()
    let revocations = installation.exchange.revocations
    let leaf = try leaf(installation)
    try revocations.revoke(leaf.serial, now: start)
    let file = installation.authority.path.appending("revocations.jsonl").string
    let good = try String(contentsOfFile: file, encoding: .utf8)
    for contents in [
      "{", "null", "[]", "\0", #"{"revoked":1,"expires":2}"#, #"{"serial":"xyz","revoked":1,"expires":2}"#,
      #"{"serial":"AB","revoked":1,"expires":2}"#, #"{"identity":"web1","revoked":1,"expires":2}"#,
      #"{"serial":"ab","revoked":1e300,"expires":2}"#,
      #"{"serial":"ab","identity":"spiffe://scout/coordinator/a","revoked":1,"expires":2}"#,
    ] {
      try Data((good + contents + "\n").utf8).write(to: URL(filePath: file))
      #expect(refusal { try revocations.reloadIfChanged() } == .storage, "\(contents)")
      #expect(refusal { _ = try installation.reopened() } == .storage)
      #expect(refusal { try revocations.revoke(leaf.serial, now: Installation.start) } == .storage)
      #expect(revocations.isRevoked(leaf))
    }
    try FileManager.default.removeItem(atPath: file)
    #expect(refusal { try revocations.reloadIfChanged() } == .storage)
    #expect(refusal { _ = try installation.reopened() } == .storage)
    #expect(revocations.isRevoked(leaf))
    try Data("\n  \n\(good)".utf8).write(to: URL(filePath: file))
    #expect(try !revocations.reloadIfChanged())
    #expect(try installation.reopened().revocations.isRevoked(leaf))
  }

  @Test func whatIsAboutExpiredCertificatesIsForgotten() throws {
    let installation = try Installation()
    let revocations = installation.exchange.revocations
    let short = try leaf(installation)
    let unknown = try leaf(installation)
    try revocations.revoke(short.serial, expires: short.notAfter, now: start)
    try revocations.revoke(unknown.serial, now: start)
    try revocations.revoke(Installation.agent(), now: start)
    #expect(try revocations.sweep(now: short.notAfter.addingTimeInterval(86_400)) == 0)
    #expect(try revocations.sweep(now: short.notAfter.addingTimeInterval(86_401)) == 1)
    #expect(try installation.reopened().revocations.isRevoked(unknown))
    // The longest life of a certificate, and a day.
    #expect(try revocations.sweep(now: start.addingTimeInterval(398 * 86_400)) == 0)
    #expect(try revocations.sweep(now: start.addingTimeInterval(398 * 86_400 + 1)) == 2)
    #expect(try installation.scratch.text("pki/revocations.jsonl").isEmpty)
  }

  @Test func aLockThatIsHeldIsBusy() throws {
    let installation = try Installation()
    let folder = installation.authority.folder
    let lock = try FolderLock(folder)
    #expect(refusal { _ = try FolderLock(folder, patience: 20) } == .busy)
    lock.release()
    try FolderLock(folder, patience: 20).release()
  }
}
