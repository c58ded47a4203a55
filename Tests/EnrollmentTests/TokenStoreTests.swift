import Foundation
import SystemPackage
import Testing

@testable import Enrollment

@Suite struct TokenStoreTests {
  private let start = Installation.start
  private let installation: Installation
  private let tokens: TokenStore

  init() throws {
    installation = try Installation()
    tokens = installation.exchange.tokens
  }

  private struct Attempt: Sendable, CustomTestStringConvertible {
    var name: String
    var claim = TokenClaim(.agent, segment: "dc1", name: "web1")
    var after = 1.0
    var code: EnrollmentError.Code?
    var testDescription: String { name }
  }

  private static let attempts: [Attempt] = [
    Attempt(name: "whole claim"),
    Attempt(name: "role only", claim: TokenClaim(.agent)),
    Attempt(name: "segment only", claim: TokenClaim(.agent, segment: "dc1")),
    Attempt(name: "in the last moment", after: 899.9),
    Attempt(name: "expired", after: 900, code: .tokenExpired),
    Attempt(name: "long expired", after: 1e6, code: .tokenExpired),
    Attempt(name: "for another name", claim: TokenClaim(.agent, segment: "dc1", name: "web2"), code: .tokenForAnother),
    Attempt(name: "in other letters", claim: TokenClaim(.agent, segment: "dc1", name: "Web1"), code: .tokenForAnother),
    Attempt(name: "for another segment", claim: TokenClaim(.agent, segment: "dc2"), code: .tokenForAnother),
    Attempt(name: "for another role", claim: TokenClaim(.coordinator, name: "web1"), code: .tokenForAnother),
  ]

  @Test(arguments: attempts)
  private func aTokenIsForOneNameAndOneTime(attempt: Attempt) throws {
    let token = try tokens.create(for: Installation.agent(), now: start).token
    let now = start.addingTimeInterval(attempt.after)
    #expect(refusal { _ = try tokens.find(token.secret, attempt.claim, now: now) } == attempt.code)
  }

  @Test func aTokenIsSpentOnce() throws {
    let (token, record) = try tokens.create(for: Installation.agent(), now: start)
    let claim = TokenClaim(.agent)
    #expect(try tokens.find(token.secret, claim, now: start) == record)
    #expect(try tokens.find(token.secret, claim, now: start) == record)
    try tokens.burn(record)
    #expect(refusal { try tokens.burn(record) } == .tokenUsed)
    #expect(refusal { _ = try tokens.find(token.secret, claim, now: Installation.start) } == .tokenUsed)
    #expect(try tokens.outstanding(now: start).isEmpty)
  }

  @Test func aMarkOfAnyContentsCounts() throws {
    let (token, record) = try tokens.create(for: Installation.agent(), now: start)
    try tokens.folder.create(record.hash + ".used", Array("half a".utf8))
    #expect(refusal { _ = try tokens.find(token.secret, TokenClaim(.agent), now: Installation.start) } == .tokenUsed)
  }

  @Test func nothingInTheFolderIsAToken() throws {
    let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token
    let names = try installation.scratch.names("pki/tokens")
    #expect(names.count == 1)
    let contents = try installation.scratch.text("pki/tokens/\(names[0])") + names[0]
    #expect(!contents.contains(Hex.text(token.secret)))
    #expect(!contents.contains(token.text.suffix(109).prefix(50)))
    // The hash is the name of the file: as a secret it is worth nothing.
    let hash = try #require(Hex.bytes(String(names[0].prefix(64)), count: 32))
    #expect(
      refusal {
        _ = try installation.exchange.tokens.find(hash, TokenClaim(.agent), now: Installation.start)
      } == .tokenUnknown)
  }

  @Test(arguments: [0, 1, 31, 33, 64, 1 << 20])
  func secretsOfOtherLengthsAreUnknown(count: Int) throws {
    let secret = [UInt8](repeating: 0x2F, count: count)
    #expect(refusal { _ = try tokens.find(secret, TokenClaim(.agent), now: Installation.start) } == .tokenUnknown)
  }

  @Test(arguments: [59.0, 86_401, .nan, .infinity, -900, 0])
  func livesHaveBounds(life: Double) throws {
    let identity = try Installation.agent()
    #expect(refusal { _ = try tokens.create(for: identity, life: life, now: Installation.start) } == .invalidTime)
    #expect(
      refusal { _ = try tokens.create(for: identity, now: Date(timeIntervalSince1970: .nan)) } == .invalidTime)
    let foreign = try LinkIdentity.agent(segment: "dc1", name: "web1", in: TrustDomain("other"))
    #expect(refusal { _ = try tokens.create(for: foreign, now: Installation.start) } == .notOurs)
  }

  @Test func tokensAreListedAndWithdrawn() throws {
    let (web1, web2) = (try Installation.agent("web1"), try Installation.agent("web2"))
    let first = try tokens.create(for: web1, life: 600, now: start)
    let second = try tokens.create(for: web2, life: 60, now: start)
    let third = try tokens.create(for: web1, life: 86_400, now: start)
    #expect(try tokens.outstanding(now: start) == [second.record, first.record, third.record])
    #expect(try tokens.outstanding(now: start.addingTimeInterval(60)) == [first.record, third.record])
    #expect(try tokens.withdraw(web1, now: start) == 2)
    #expect(try tokens.withdraw(web1, now: start) == 0)
    #expect(try tokens.outstanding(now: start) == [second.record])
    for token in [first.token, third.token] {
      #expect(
        refusal { _ = try tokens.find(token.secret, TokenClaim(.agent), now: Installation.start) } == .tokenUnknown)
    }
  }

  @Test func whatExpiredAnHourAgoIsForgotten() throws {
    let used = try tokens.create(for: Installation.agent("used"), life: 900, now: start)
    try tokens.burn(used.record)
    _ = try tokens.create(for: Installation.agent("unused"), life: 900, now: start)
    let longer = try tokens.create(for: Installation.agent("longer"), life: 86_400, now: start)
    #expect(try tokens.sweep(now: start.addingTimeInterval(900 + 3600)) == 0)
    #expect(try installation.scratch.names("pki/tokens").count == 4)
    #expect(try tokens.sweep(now: start.addingTimeInterval(901 + 3600)) == 2)
    #expect(try installation.scratch.names("pki/tokens") == [longer.record.hash + ".token"])
    #expect(
      refusal {
        _ = try tokens.find(used.token.secret, TokenClaim(.agent), now: Installation.start)
      } == .tokenUnknown)
  }

  /// One who looked before the token was swept or withdrawn comes too late with its mark.
  @Test func whoLooksBeforeASweepIsStillRefused() throws {
    let (token, record) = try tokens.create(for: Installation.agent(), now: start)
    let found = try tokens.find(token.secret, TokenClaim(.agent), now: start)
    try tokens.burn(record)
    try tokens.sweep(now: start.addingTimeInterval(1e6))
    #expect(refusal { try tokens.burn(found) } == .tokenUnknown)
  }

  @Test func aSpoiledRecordLetsNobodyInAndHoldsNothingUp() throws {
    let spoiled = try tokens.create(for: Installation.agent("web1"), now: start)
    let good = try tokens.create(for: Installation.agent("web2"), now: start)
    for contents in ["", "{", "{}", "null", String(repeating: "[", count: 4000), String(repeating: " ", count: 5000)] {
      try tokens.folder.replace(spoiled.record.hash + ".token", Array(contents.utf8))
      #expect(
        refusal {
          _ = try tokens.find(spoiled.token.secret, TokenClaim(.agent), now: Installation.start)
        } == .storage)
      #expect(try tokens.outstanding(now: start) == [good.record])
    }
  }
}
