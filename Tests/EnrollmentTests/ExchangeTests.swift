import Foundation
import SystemPackage
import Testing

@testable import Enrollment

@Suite struct ExchangeTests {
  private let start = Installation.start

  @Test func anAgentJoinsRenewsAndIsThrownOut() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let identity = try Installation.agent()
    let token = try JoinToken(exchange.tokens.create(for: identity, now: start).token.text)
    #expect(token.pin == installation.authority.pin)

    let pending = try KeyAndRequest()
    let outcome = exchange.join(
      JoinRequest(secret: token.secret, claim: TokenClaim(.agent), request: pending.request), now: start)
    let issued = try outcome.result.get()
    let first = try pending.accept(issued.chain, from: [installation.authority.certificate], as: nil, now: start)
    #expect(first.leaf.identity == identity)
    #expect(outcome.fact("operation") == "join")
    #expect(outcome.fact("outcome") == "issued")
    #expect(outcome.fact("identity") == identity.uri)
    #expect(outcome.fact("serial") == first.leaf.serial.text)
    #expect(outcome.facts.allSatisfy { !$0.value.contains(Hex.text(token.secret)) })

    let later = start.addingTimeInterval(70_000)
    let next = try KeyAndRequest()
    let renewal = exchange.renew(next.request, peer: first.leaf.der, now: later)
    let second = try next.accept(renewal.result.get().chain, from: [first.authority], as: identity, now: later)
    #expect(second.leaf.serial != first.leaf.serial)
    #expect(second.leaf.issued == later)
    #expect(renewal.fact("renewed") == first.leaf.serial.text)

    try exchange.revocations.revoke(identity, now: later)
    let end = later.addingTimeInterval(60)
    for leaf in [first.leaf, second.leaf] {
      #expect(exchange.revocations.isRevoked(leaf))
      #expect(exchange.renew(next.request, peer: leaf.der, now: later).refusal == .revoked)
    }
    // A new token lets it in again.
    let again = try exchange.tokens.create(for: identity, now: end).token
    let third = try installation.join(again, now: end).result.get().leaf
    #expect(!exchange.revocations.isRevoked(third))
    #expect(exchange.renew(next.request, peer: third.der, now: end).refusal == nil)
  }

  @Test func aTokenIsReusedByNobody() throws {
    let installation = try Installation()
    let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token
    #expect(try installation.join(token).refusal == nil)
    let second = try installation.join(token)
    #expect(second.refusal == .tokenUsed)
    #expect(second.fact("outcome") == "refused")
    #expect(second.fact("reason") == "tokenUsed")
    let other = try installation.reopened()
    let request = JoinRequest(
      secret: token.secret, claim: TokenClaim(.agent), request: try KeyAndRequest().request)
    #expect(other.join(request, now: start).refusal == .tokenUsed)
  }

  /// The log knows why; a guesser does not.
  @Test func everyRefusedTokenIsLoggedByItsReasonAndToldAlike() throws {
    let installation = try Installation()
    let tokens = installation.exchange.tokens
    let used = try tokens.create(for: Installation.agent("used"), now: start).token
    _ = try installation.join(used)
    let good = try tokens.create(for: Installation.agent("good"), now: start).token
    let unknown = JoinToken(secret: TokenSecret(), pin: installation.authority.pin)
    let late = start.addingTimeInterval(901)
    let outcomes = [
      (try installation.join(used), "tokenUsed"), (try installation.join(good, now: late), "tokenExpired"),
      (try installation.join(unknown), "tokenUnknown"),
      (try installation.join(good, claim: TokenClaim(.agent, name: "else")), "tokenForAnother"),
    ]
    var messages: Set<String> = []
    for (outcome, reason) in outcomes {
      #expect(outcome.fact("reason") == reason)
      guard case .failure(let error) = outcome.result else { continue }
      messages.insert(error.peerMessage)
      #expect(!error.mayPass)
    }
    #expect(messages.count == 1)
    // None of it has spent the good one.
    #expect(try installation.join(good).refusal == nil)
  }

  @Test func aBadRequestCostsNoToken() throws {
    let installation = try Installation()
    let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token
    let good = try KeyAndRequest().request
    var otherSignature = good
    otherSignature[good.count - 1] ^= 1
    let oneBig = [UInt8](repeating: 0x30, count: 8193)
    let huge = Array("-----BEGIN CERTIFICATE REQUEST-----\n".utf8) + [UInt8](repeating: 0x41, count: 1 << 20)
    let leaf = try installation.authority.issueWithKey(Installation.agent(), now: start).leaf.der
    for request in [[], [0x30], otherSignature, good + [0], good.dropLast(), oneBig, huge, leaf].map(Array.init) {
      let join = JoinRequest(secret: token.secret, claim: TokenClaim(.agent), request: request)
      #expect(installation.exchange.join(join, now: start).refusal == .badRequest)
    }
    #expect(try installation.join(token).refusal == nil)
  }

  /// Nobody gets a certificate for a key it cannot sign with: the request of another, with one's own signature.
  @Test func aRequestWithAnotherKeyIsRefused() throws {
    let (mine, others) = (try KeyAndRequest().request, try KeyAndRequest().request)
    // Both have the same shape: a P-256 point of 65 bytes behind 04, at the same place.
    let place = try #require(others.indices.first { others[$0...].starts(with: [0x03, 0x42, 0x00, 0x04]) })
    var forged = mine
    forged.replaceSubrange(place..<(place + 68), with: others[place..<(place + 68)])
    #expect(refusal { _ = try CertificateRequest(forged) } == .badRequest)
    #expect(refusal { _ = try CertificateRequest(mine) } == nil)
  }

  @Test func whatTheTokenBurntBeforeACrashStaysBurnt() throws {
    let installation = try Installation()
    let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token
    let record = try installation.exchange.tokens.find(token.secret, TokenClaim(.agent), now: start)
    try installation.exchange.tokens.burn(record)
    // Nothing was signed; whoever starts from here on, with the folder as it is, signs nothing for it either.
    let request = JoinRequest(
      secret: token.secret, claim: TokenClaim(.agent), request: try KeyAndRequest().request)
    #expect(try installation.reopened().join(request, now: start).refusal == .tokenUsed)
  }

  @Test func aTokenMadeBeforeARevocationIsWorthNothing() throws {
    let installation = try Installation()
    let identity = try Installation.agent()
    let token = try installation.exchange.tokens.create(for: identity, now: start).token
    // By another process.
    try installation.reopened().revocations.revoke(identity, now: start.addingTimeInterval(5))
    let outcome = try installation.join(token, now: start.addingTimeInterval(10))
    #expect(outcome.refusal == .revoked)
  }

  @Test func onlyAGoodCertificateIsRenewed() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let request = try KeyAndRequest().request
    let identity = try Installation.agent()
    let leaf = try installation.authority.issueWithKey(identity, life: 600, now: start).leaf
    let foreign = try Installation().authority.issueWithKey(identity, now: start).leaf
    #expect(exchange.renew(request, peer: leaf.der, now: start.addingTimeInterval(599)).refusal == nil)
    #expect(exchange.renew(request, peer: leaf.der, now: start.addingTimeInterval(600)).refusal == .expired)
    #expect(exchange.renew(request, peer: leaf.der, now: start.addingTimeInterval(-301)).refusal == .notYetValid)
    #expect(exchange.renew(request, peer: foreign.der, now: start).refusal == .notOurs)
    let ownCertificate = installation.authority.certificate.der
    #expect(exchange.renew(request, peer: ownCertificate, now: start).refusal == .badCertificate)
    for hostile in [[], [0], [UInt8](repeating: 0x30, count: 1 << 20), leaf.der + [0]] {
      #expect(exchange.renew(request, peer: hostile, now: start).refusal == .badCertificate)
      #expect(exchange.renew(hostile, peer: leaf.der, now: start).refusal == .badRequest)
    }
    try exchange.revocations.revoke(leaf.serial, now: start)
    #expect(exchange.renew(request, peer: leaf.der, now: start).refusal == .revoked)
  }

  @Test func noRenewalSlipsPastARevocationOfAnotherProcess() throws {
    let installation = try Installation()
    let identity = try Installation.agent()
    let leaf = try installation.authority.issueWithKey(identity, now: start).leaf
    try installation.reopened().revocations.revoke(identity, now: start.addingTimeInterval(1))
    let request = try KeyAndRequest().request
    #expect(
      installation.exchange.renew(request, peer: leaf.der, now: start.addingTimeInterval(2)).refusal == .revoked)
    // One that was signed at the same moment, unaware, is covered by it.
    let unaware = try installation.authority.issueWithKey(identity, now: start.addingTimeInterval(1)).leaf
    #expect(installation.exchange.revocations.isRevoked(unaware))
  }

  @Test func whenNobodyKnowsWhoWasThrownOutNobodyGetsIn() throws {
    let installation = try Installation()
    let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token
    let leaf = try installation.authority.issueWithKey(Installation.agent(), now: start).leaf
    let file = installation.authority.path.appending("revocations.jsonl").string
    try FileManager.default.removeItem(atPath: file)
    let refused = try installation.join(token)
    #expect(refused.refusal == .storage)
    if case .failure(let error) = refused.result { #expect(error.mayPass) }
    #expect(
      installation.exchange.renew(try KeyAndRequest().request, peer: leaf.der, now: start).refusal == .storage)
    #expect(FileManager.default.createFile(atPath: file, contents: Data()))
    #expect(try installation.join(token).refusal == nil)
  }

  @Test func anAnswerForAnotherKeyOrNameIsRefused() throws {
    let installation = try Installation()
    let authority = installation.authority
    let identity = try Installation.agent()
    let pending = try KeyAndRequest()
    let request = try CertificateRequest(pending.request)
    let good = try authority.issue(identity, for: request, now: start)
    let other = try authority.issue(Installation.agent("web2"), for: request, now: start)
    let otherKey = try authority.issueWithKey(identity, now: start).leaf
    let foreign = try Installation().authority.issue(identity, for: request, now: start)
    func answer(_ chain: [[UInt8]], now: Date = Installation.start) -> EnrollmentError.Code? {
      refusal { _ = try pending.accept(chain, from: [authority.certificate], as: identity, now: now) }
    }
    #expect(answer(good.chain) == nil)
    #expect(answer([good.leaf.der]) == nil)
    #expect(answer([]) == .badAnswer)
    #expect(answer(Array(repeating: good.leaf.der, count: 9)) == .badAnswer)
    #expect(answer(other.chain) == .badAnswer)
    #expect(answer([otherKey.der]) == .badAnswer)
    #expect(answer(foreign.chain) == .notOurs)
    #expect(answer(good.chain.reversed()) == .badCertificate)
    #expect(answer(good.chain, now: good.leaf.notAfter) == .expired)
  }
}
