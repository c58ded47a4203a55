import Crypto
import Foundation
import SystemPackage
import Testing

@testable import Enrollment

/// One authority in the place of another: the states of the folder, and who is given what in each.
@Suite struct RotationTests {
  private let start = Installation.start
  /// When all have seen a new authority, or have been seen.
  private let settled = Installation.start.addingTimeInterval(Rotation.shortest)

  private func rotation(_ installation: Installation) throws(EnrollmentError) -> Rotation {
    try Rotation(at: installation.authority.path)
  }

  private func files(_ installation: Installation) throws -> [String] {
    try installation.scratch.names("pki").filter { $0.hasSuffix(".pem") }
  }

  /// An agent as it is on its machine.
  private struct Machine {
    let installation: Installation
    let store: CertificateStore
    let identity: LinkIdentity

    init(_ installation: Installation, _ name: String = "web1", now: Date = Installation.start) throws {
      self.installation = installation
      identity = try Installation.agent(name)
      store = CertificateStore(installation.scratch.path.appending("own-" + name))
      let token = try installation.exchange.tokens.create(for: identity, now: now).token
      let pending = try KeyAndRequest()
      let outcome = installation.exchange.join(
        JoinRequest(secret: token.secret, claim: TokenClaim(.agent), request: pending.request), now: now)
      let credentials = try pending.accept(
        outcome.result.get().chain, from: [installation.exchange.authority.certificate], as: nil, now: now)
      try store.install(credentials, trusting: [credentials.authority])
    }

    var stored: StoredCertificate { get throws { try #require(try store.load()) } }
    var pins: [AuthorityPin] { get throws { try stored.trusted.map(\.pin) } }

    /// Asks whom to trust, and takes the answer.
    ///
    /// - Returns: Whether it should renew.
    @discardableResult func ask(now: Date) throws -> Bool {
      let news = try installation.exchange.news(for: stored.leaf.der, trusted: pins, now: now)
      if let authorities = news.authorities { try store.trust(authorities, now: now) }
      return news.renews
    }

    func renew(now: Date) throws {
      let stored = try stored
      let pending = try KeyAndRequest()
      let outcome = installation.exchange.renew(
        pending.request, peer: stored.leaf.der, trusted: stored.trusted.map(\.pin), now: now)
      try store.install(
        pending.accept(outcome.result.get().chain, from: stored.trusted, as: stored.identity, now: now))
    }
  }

  @Test func anAgentMovesAndTheOldAuthorityIsRetired() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let old = installation.authority
    let agent = try Machine(installation)
    #expect(try !agent.ask(now: start))
    let none = try rotation(installation)
    #expect(refusal { _ = try none.finish(force: false, now: start) } == .notFound)
    #expect(refusal { _ = try none.abort(force: false, now: start) } == .notFound)

    let both = try rotation(installation).begin(now: start)
    let new = try #require(both.next)
    #expect(both.serving.pin == old.pin && new.pin != old.pin && new.trustDomain == old.trustDomain)
    #expect(try files(installation) == ["authority.key.pem", "authority.pem", "next.key.pem", "next.pem"])
    #expect(refusal { _ = try rotation(installation).begin(now: start) } == .alreadyExists)
    // Another process has begun it.
    #expect(exchange.authorities.next == nil)
    try exchange.reloadAuthorities()
    #expect(exchange.authorities.pins == [old.pin, new.pin] && exchange.rotations == 1)
    #expect(exchange.announced.pins == [old.pin])
    exchange.announce()

    // It learns of the new one, and has the old one's certificate still.
    #expect(try !agent.ask(now: start))
    #expect(try agent.pins == [old.pin, new.pin] && agent.stored.authority == old.certificate)
    #expect(try !agent.ask(now: start))
    // Coordinators that share the folder may not have seen it yet.
    try agent.renew(now: start)
    #expect(try agent.stored.authority == old.certificate)
    #expect(refusal { _ = try rotation(installation).finish(force: false, now: start) } == .stillNeeded)
    #expect(try agent.ask(now: start.addingTimeInterval(EnrollmentExchange.settling)))
    try agent.renew(now: settled)
    #expect(try agent.stored.authority == new.certificate && agent.pins == [old.pin, new.pin])
    #expect(try !agent.ask(now: settled))
    #expect(try exchange.holders.inForce(exchange.revocations, now: settled).map(\.authority) == [new.pin])

    let early = settled.addingTimeInterval(-1)
    #expect(refusal { _ = try rotation(installation).finish(force: false, now: early) } == .stillNeeded)
    #expect(try rotation(installation).finish(force: false, now: settled) == [])
    #expect(try files(installation) == ["authority.key.pem", "authority.pem"])
    #expect(try Authority.open(at: old.path).certificate == new.certificate)
    try exchange.reloadAuthorities()
    #expect(exchange.authority.pin == new.pin && exchange.announced.pins == [old.pin, new.pin])
    // Its certificates are worth nothing at once, though links may still drain.
    let stolen = try old.issueWithKey(agent.identity, now: settled).leaf
    #expect(
      exchange.renew(try KeyAndRequest().request, peer: stolen.der, trusted: [new.pin], now: settled).refusal
        == .notOurs)
    #expect(try !exchange.news(for: stolen.der, trusted: [old.pin, new.pin], now: settled).renews)
    _ = try exchange.news(for: agent.stored.leaf.der, trusted: agent.pins, now: settled)
    exchange.announce()
    try agent.ask(now: settled.addingTimeInterval(1))
    #expect(try agent.pins == [new.pin])
    try agent.renew(now: settled)
    // Whoever has nothing but the old one's certificate is refused.
    let late = try old.issueWithKey(agent.identity, now: settled).leaf
    #expect(exchange.renew(try KeyAndRequest().request, peer: late.der, now: settled).refusal == .notOurs)
    #expect(refusal { _ = try exchange.news(for: late.der, trusted: [], now: settled) } == .notOurs)
    // And the next rotation.
    let third = try rotation(installation).begin(now: settled)
    #expect(third.serving.pin == new.pin && third.next != nil)
  }

  /// What each step leaves that was the last before the machine stopped.
  @Test func aFolderIsUsableAfterEachStep() throws {
    let installation = try Installation()
    let path = installation.authority.path
    let folder = try PrivateFolder(existing: path)
    let old = installation.authority.pin
    let other = try Installation().authority
    func pins() throws -> [AuthorityPin] { try Authorities.open(at: path).pins }
    // The beginning: only its key is there.
    try folder.replace(Authorities.nextKeyFile, Array((other.key.pemRepresentation + "\n").utf8))
    #expect(try pins() == [old])
    var both = try rotation(installation).begin(now: start)
    #expect(try pins() == [old, both.next?.pin])

    // An abort: its key is gone.
    try folder.remove(Authorities.nextKeyFile)
    #expect(try pins() == [old])
    #expect(refusal { _ = try rotation(installation).finish(force: true, now: start) } == .notFound)
    #expect(try files(installation) == ["authority.key.pem", "authority.pem"])
    both = try rotation(installation).begin(now: start)
    try folder.remove(Authorities.nextKeyFile)
    // The beginning after it: another key beside the certificate that was left.
    try folder.replace(Authorities.nextKeyFile, Array((other.key.pemRepresentation + "\n").utf8))
    #expect(try pins() == [old])
    both = try rotation(installation).begin(now: start)
    #expect(try pins() == [old, both.next?.pin])

    // The end: the new key is in its place, the certificate is not.
    try folder.replace(Authority.keyFile, by: Authorities.nextKeyFile)
    let new = try #require(both.next?.pin)
    #expect(try pins() == [new])
    #expect(try installation.reopened().authority.pin == new)
    #expect(try rotation(installation).finish(force: false, now: start) == [])
    #expect(try pins() == [new])
    #expect(try files(installation) == ["authority.key.pem", "authority.pem"])
    // The same, and a beginning instead.
    both = try rotation(installation).begin(now: start)
    try folder.replace(Authority.keyFile, by: Authorities.nextKeyFile)
    let third = try rotation(installation).begin(now: start)
    #expect(third.serving.pin == both.next?.pin && third.next != nil && third.pins.count == 2)
    // Where nobody was ever seen, perhaps nobody looks.
    #expect(refusal { _ = try rotation(installation).finish(force: false, now: settled) } == .stillNeeded)
    // A key that is nobody's is still refused.
    try folder.replace(Authority.keyFile, Array((other.key.pemRepresentation + "\n").utf8))
    try folder.remove(Authorities.nextKeyFile)
    #expect(refusal { _ = try pins() } == .storage)
  }

  /// A process that rotates all the time is killed anywhere; the folder is usable, and the rotation goes on.
  @Test func aProcessThatDiesWhileItRotatesLeavesAUsableFolder() async throws {
    let installation = try Installation()
    let path = installation.authority.path.string
    for round in 0..<6 {
      let microseconds = UInt32.random(in: 0..<40_000)
      await #expect(processExitsWith: .signal(SIGKILL), "round \(round), \(microseconds) us") {
        [path = path as String, microseconds = microseconds as UInt32] in
        let rotation = try Rotation(at: FilePath(path))
        Thread.detachNewThread {
          usleep(microseconds)
          kill(getpid(), SIGKILL)
        }
        for turn in 0... {
          _ = try? rotation.begin(now: Installation.start)
          _ =
            try? turn % 3 == 0
            ? rotation.abort(force: true, now: Installation.start)
            : rotation.finish(force: true, now: Installation.start)
        }
      }
      _ = try installation.reopened().authority.issueWithKey(Installation.agent(), now: start)
    }
    _ = try? rotation(installation).begin(now: start)
    #expect(try rotation(installation).finish(force: true, now: start) == [])
    #expect(refusal { _ = try rotation(installation).abort(force: false, now: start) } == .notFound)
    _ = try rotation(installation).begin(now: start)
    _ = try rotation(installation).abort(force: false, now: start)
    #expect(try files(installation) == ["authority.key.pem", "authority.pem"])
  }

  @Test func anAgentThatIsBehindIsNamedAndThrownOutByForceAlone() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    // One of a version that knows nothing of rotations, one that is revoked, one that has expired.
    let older = try Machine(installation, "older")
    let gone = try Machine(installation, "gone")
    _ = try rotation(installation).begin(now: start)
    try exchange.reloadAuthorities()
    exchange.announce()
    #expect(try exchange.news(for: older.stored.leaf.der, trusted: [], now: settled) == (nil, false))
    let pending = try KeyAndRequest()
    let renewed = try exchange.renew(pending.request, peer: older.stored.leaf.der, now: settled).result.get()
    #expect(renewed.authority == installation.authority.certificate)
    try exchange.revocations.revoke(gone.identity, now: settled)
    do throws(EnrollmentError) {
      _ = try rotation(installation).finish(force: false, now: settled)
      Issue.record("finished")
    } catch {
      #expect(error.code == .stillNeeded && error.message.contains("dc1/older") && error.message.contains("--force"))
      #expect(!error.message.contains("dc1/gone"), "\(error)")
    }
    #expect(try Authorities.open(at: installation.authority.path).next != nil)
    let out = try rotation(installation).finish(force: true, now: settled)
    #expect(out.count == 1 && out.first?.contains("dc1/older") == true, "\(out)")
    // After a day nobody is left to be named.
    let next = try rotation(installation).begin(now: settled)
    #expect(next.next != nil)
    #expect(try rotation(installation).finish(force: false, now: settled.addingTimeInterval(86_401)) == [])
  }

  /// A coordinator elsewhere that would refuse them keeps agents from moving.
  @Test func agentsWaitForCoordinatorsElsewhere() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let agent = try Machine(installation)
    let second = try LinkIdentity.coordinator(name: "c2", in: .standard)
    let first = try exchange.issueWithKey(second, life: 90 * 86_400, now: start)
    #expect(first.authority == installation.authority.certificate)
    let old = installation.authority.pin
    // It asks who is revoked, so that it is known to run.
    _ = try exchange.news(for: first.leaf.der, trusted: [old], now: start)
    let new = try #require(try rotation(installation).begin(now: start).next)
    try exchange.reloadAuthorities()
    exchange.announce()
    try agent.ask(now: start)
    #expect(try !agent.ask(now: settled))
    // A certificate that is issued now trusts both, but the one in use does not: that says the coordinator itself.
    let early = try exchange.issueWithKey(second, life: 90 * 86_400, now: settled)
    #expect(early.authority == new.certificate)
    #expect(try !agent.ask(now: settled))
    let news = try exchange.news(for: first.leaf.der, trusted: [old], now: settled)
    #expect(news.authorities != nil && !news.renews)
    _ = try exchange.news(for: first.leaf.der, trusted: [old, new.pin], now: settled)
    #expect(try agent.ask(now: settled))
    try agent.renew(now: settled)
    #expect(try agent.stored.authority == new.certificate)
    // It still shows the old one's.
    #expect(refusal { _ = try rotation(installation).finish(force: false, now: settled) } == .stillNeeded)
    #expect(refusal { _ = try rotation(installation).abort(force: false, now: settled) } == .stillNeeded)
    _ = try exchange.news(for: early.leaf.der, trusted: [old, new.pin], now: settled)
    #expect(try rotation(installation).finish(force: false, now: settled) == [])
  }

  /// One that asks nobody cannot say what it trusts: agents wait until what was issued for it is in its place.
  @Test func agentsGiveTimeToACoordinatorThatAsksNobody() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let agent = try Machine(installation)
    let second = try LinkIdentity.coordinator(name: "c2", in: .standard)
    _ = try exchange.issueWithKey(second, life: 90 * 86_400, now: start)
    _ = try rotation(installation).begin(now: start)
    try exchange.reloadAuthorities()
    exchange.announce()
    try agent.ask(now: start)
    let placed = settled.addingTimeInterval(EnrollmentExchange.placing)
    #expect(try !agent.ask(now: placed))
    _ = try exchange.issueWithKey(second, life: 90 * 86_400, now: settled)
    #expect(try !agent.ask(now: placed.addingTimeInterval(-1)))
    #expect(try agent.ask(now: placed))
  }

  /// An agent that does not trust the new authority would refuse a coordinator with its certificate.
  @Test func aCoordinatorsCertificateIsOfTheNewAuthorityWhenAllAgentsTrustIt() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let agent = try Machine(installation)
    let new = try #require(try rotation(installation).begin(now: start).next)
    let identity = try LinkIdentity.coordinator(name: "c2", in: .standard)
    #expect(
      try exchange.issueWithKey(identity, life: 86_400, now: start).authority == installation.authority.certificate)
    exchange.announce()
    try agent.ask(now: start)
    try agent.ask(now: start)
    #expect(try exchange.issueWithKey(identity, life: 86_400, now: start).authority == new.certificate)
  }

  @Test func tokensWorkUntilTheEnd() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let before = try exchange.tokens.create(for: Installation.agent("a"), now: start).token
    _ = try exchange.tokens.create(for: Installation.agent("b"), now: start)
    let new = try #require(try rotation(installation).begin(now: start).next)
    try exchange.reloadAuthorities()
    let during = try exchange.tokens.create(for: Installation.agent("c"), now: start).token
    // Coordinators show the old one's certificates until the end.
    #expect(during.pin == installation.authority.pin)
    #expect(try installation.join(before).result.get().authority == installation.authority.certificate)
    #expect(try installation.join(during).refusal == nil)
    do throws(EnrollmentError) {
      _ = try rotation(installation).finish(force: false, now: start)
      Issue.record("finished")
    } catch {
      #expect(error.message.contains("the token") && error.message.contains("dc1/b"), "\(error)")
    }
    #expect(try rotation(installation).finish(force: true, now: start).count == 3)
    #expect(try exchange.tokens.outstanding(now: start).isEmpty)
    try exchange.reloadAuthorities()
    let after = try exchange.tokens.create(for: Installation.agent("d"), now: start).token
    #expect(after.pin == new.pin)
    #expect(try installation.join(after).result.get().authority == new.certificate)
  }

  @Test func anAbortedRotationLeavesTheOldAuthorityAlone() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let agent = try Machine(installation)
    _ = try rotation(installation).begin(now: start)
    try exchange.reloadAuthorities()
    exchange.announce()
    try agent.ask(now: start)
    #expect(try agent.pins.count == 2)
    #expect(try rotation(installation).abort(force: false, now: start) == [])
    try exchange.reloadAuthorities()
    exchange.announce()
    try agent.ask(now: start.addingTimeInterval(1))
    #expect(try agent.pins == [installation.authority.pin])
    try agent.renew(now: settled)
  }

  @Test func whomToTrustIsSignedAndTakesNothingBack() throws {
    let installation = try Installation()
    let agent = try Machine(installation)
    let later = start.addingTimeInterval(10)
    let before = try SignedAuthorities(Authorities.open(at: installation.authority.path), now: start)
    let both = try rotation(installation).begin(now: start)
    let good = try SignedAuthorities(both, now: later)
    let other = try Installation()
    let foreign = try SignedAuthorities(Authorities.open(at: other.authority.path), now: later)
    for (text, signatures, code) in [
      (foreign.text, foreign.signatures, EnrollmentError.Code.notOurs), (foreign.text, good.signatures, .notOurs),
      (good.text, [], .notOurs), (good.text + [10], good.signatures, .notOurs), ([], good.signatures, .notOurs),
      (good.text, [[], [1]], .notOurs), (good.text, Array(repeating: good.signatures[0], count: 9), .notOurs),
      ([UInt8](repeating: 10, count: 1 << 20), good.signatures, .notOurs),
    ] {
      #expect(
        refusal { try agent.store.trust(SignedAuthorities(text: text, signatures: signatures), now: later) } == code)
    }
    #expect(try agent.pins == [installation.authority.pin])
    #expect(try agent.store.trust(good, now: later))
    #expect(try !agent.store.trust(good, now: later))
    // Who holds it back, or repeats what was said before, changes nothing.
    #expect(refusal { try agent.store.trust(before, now: later) } == .badAnswer)
    #expect(try agent.pins.count == 2)
    // What its own certificate is of cannot go.
    let new = try Authorities(serving: #require(both.next), next: nil)
    let alone = try SignedAuthorities(new, now: later.addingTimeInterval(1))
    #expect(refusal { try agent.store.trust(alone, now: later) } == .badAnswer)
    try agent.store.install(new.serving.issueWithKey(agent.identity, now: later))
    #expect(try agent.pins.count == 2)
    #expect(try agent.store.trust(alone, now: later))
    #expect(try agent.pins == new.pins)
    #expect(refusal { try agent.store.trust(good, now: later) } == .badAnswer)
    #expect(refusal { try agent.store.trust(before, now: later) } == .notOurs)
  }

  @Test func revocationsAreKnownBeforeWhileAndAfter() throws {
    let installation = try Installation()
    let exchange = installation.exchange
    let agent = try Machine(installation)
    let thrownOut = try LinkIdentity.coordinator(name: "c2", in: .standard)
    let leaf = try exchange.issueWithKey(thrownOut, life: 86_400, now: start).leaf
    try exchange.revocations.revoke(thrownOut, now: start)
    let trusted = try TrustedAuthorities(agent.stored.trusted)
    let copy = RevocationCopy(agent.store.path, trusted: trusted)
    func ask(_ now: Date) throws -> Bool {
      guard let signed = try exchange.signedRevocations(beyond: copy.digest, now: now) else { return false }
      try copy.take(signed, now: now)
      return true
    }
    #expect(try ask(start) && copy.isRevoked(leaf))
    _ = try rotation(installation).begin(now: start)
    try exchange.reloadAuthorities()
    exchange.announce()
    try agent.ask(now: settled)
    try agent.renew(now: settled)
    trusted.replace(try agent.stored.trusted)
    #expect(try !ask(settled) && copy.isRevoked(leaf))
    _ = try rotation(installation).finish(force: false, now: settled)
    try exchange.reloadAuthorities()
    exchange.announce()
    try agent.ask(now: settled.addingTimeInterval(1))
    #expect(trusted.replace(try agent.stored.trusted))
    // In force, and asked for again, since the next start could not check the old one's signature.
    #expect(copy.isRevoked(leaf) && copy.digest.isEmpty)
    #expect(try ask(settled) && copy.isRevoked(leaf))
    #expect(try !ask(settled))
    let anew = RevocationCopy(agent.store.path, trusted: TrustedAuthorities(try agent.stored.trusted))
    #expect(anew.isRevoked(leaf) && !anew.digest.isEmpty)
    #expect(try trusted.isRetired(leaf, now: settled) && !trusted.isRetired(agent.stored.leaf, now: settled))
    #expect(refusal { try trusted.check(leaf, now: settled) } == .notOurs)
  }

  /// Of a folder that an earlier version made: no record, no statement.
  @Test func aFolderOfAnEarlierVersionIsTaken() throws {
    let installation = try Installation()
    try FileManager.default.removeItem(atPath: installation.authority.path.appending("holders").string)
    let exchange = try installation.reopened()
    let leaf = try installation.authority.issueWithKey(Installation.agent(), now: start).leaf
    let pins = [installation.authority.pin]
    #expect(try exchange.holders.inForce(exchange.revocations, now: start).isEmpty)
    #expect(try exchange.news(for: leaf.der, trusted: pins, now: start) == (nil, false))
    let known = try #require(try exchange.holders.inForce(exchange.revocations, now: start).first)
    #expect(known.identity == leaf.identity && known.isSeen && known.trusted == pins && known.expires == leaf.notAfter)
    let end = leaf.notAfter.addingTimeInterval(86_401)
    try exchange.sweepHolders(now: leaf.notAfter)
    #expect(exchange.holders.record(leaf.identity) != nil)
    try exchange.sweepHolders(now: end)
    #expect(exchange.holders.record(leaf.identity) == nil)
  }
}

private func == (one: (authorities: SignedAuthorities?, renews: Bool), other: (SignedAuthorities?, Bool)) -> Bool {
  one.authorities == other.0 && one.renews == other.1
}
