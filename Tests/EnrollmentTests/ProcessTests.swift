import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import Enrollment

/// Many at once, in this process and in others, and processes that die at the worst moment.
@Suite struct ProcessTests {
  private let start = Installation.start

  @Test func ofManyWhoJoinWithOneTokenOneGetsACertificate() async throws {
    let installation = try Installation()
    for _ in 0..<5 {
      let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token
      let outcomes = try await withThrowingTaskGroup(of: EnrollmentError.Code?.self) { group in
        for _ in 0..<16 {
          // Half of them as other processes would see the folder.
          let exchange = try Bool.random() ? installation.exchange : installation.reopened()
          let request = JoinRequest(
            secret: token.secret, claim: TokenClaim(.agent), request: try KeyAndRequest().request)
          group.addTask { exchange.join(request, now: Installation.start).refusal }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outcomes.count { $0 == nil } == 1)
      #expect(outcomes.count { $0 == .tokenUsed } == 15)
    }
  }

  @Test func ofTwoProcessesOneGetsACertificate() async throws {
    let installation = try Installation()
    let folder = installation.authority.path.string
    for round in 0..<3 {
      let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token.text
      let marks = installation.scratch.path.appending("round-\(round)").string
      try FileManager.default.createDirectory(atPath: marks, withIntermediateDirectories: false)
      async let first = Self.race(folder, token, marks, "first")
      async let second = Self.race(folder, token, marks, "second")
      _ = await (first, second)
      let outcomes = try ["first", "second"].map {
        try String(contentsOfFile: marks + "/\($0).outcome", encoding: .utf8)
      }
      #expect(outcomes.sorted() == ["issued", "tokenUsed"])
    }
  }

  /// A process that waits until the other is ready too, then joins, and writes down what became of it.
  private static func race(_ folder: String, _ token: String, _ marks: String, _ name: String) async {
    await #expect(processExitsWith: .success) { [folder, token, marks, name] in
      let exchange = try EnrollmentExchange(Authority.open(at: FilePath(folder)))
      let secret = try JoinToken(token).secret
      let request = JoinRequest(secret: secret, claim: TokenClaim(.agent), request: try KeyAndRequest().request)
      try Data().write(to: URL(filePath: marks + "/\(name).ready"))
      let deadline = ContinuousClock.now + .seconds(60)
      while ["first", "second"].contains(where: { !FileManager.default.fileExists(atPath: marks + "/\($0).ready") }) {
        guard ContinuousClock.now < deadline else { exit(2) }
      }
      let outcome = exchange.join(request, now: Installation.start)
      let text = outcome.refusal.map { "\($0)" } ?? "issued"
      try Data(text.utf8).write(to: URL(filePath: marks + "/\(name).outcome"))
    }
  }

  @Test func aProcessThatDiesBetweenBurningAndSigningSpendsTheToken() async throws {
    let installation = try Installation()
    let folder = installation.authority.path.string
    let token = try installation.exchange.tokens.create(for: Installation.agent(), now: start).token
    let text = token.text
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, text = text as String] in
      let tokens = try EnrollmentExchange(Authority.open(at: FilePath(folder))).tokens
      let record = try tokens.find(JoinToken(text).secret, TokenClaim(.agent), now: Installation.start)
      try tokens.burn(record)
      kill(getpid(), SIGKILL)
    }
    #expect(try installation.join(token).refusal == .tokenUsed)
  }

  @Test func aProcessThatDiesWithTheLockLetsItGo() async throws {
    let installation = try Installation()
    let folder = installation.authority.path.string
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
      let lock = try FolderLock(PrivateFolder(existing: FilePath(folder)))
      kill(getpid(), SIGKILL)
      lock.release()
    }
    try installation.exchange.revocations.revoke(Installation.agent(), now: start)
  }

  /// A process that installs one certificate after the other is killed anywhere; what it leaves is whole.
  @Test func aProcessThatDiesWhileItInstallsLeavesAWholeCertificate() async throws {
    let installation = try Installation()
    let folder = installation.authority.path.string
    let own = installation.scratch.path.appending("own")
    let path = own.string
    try CertificateStore(own).install(installation.authority.issueWithKey(Installation.agent(), now: start))
    for round in 0..<6 {
      let microseconds = UInt32.random(in: 0..<40_000)
      await #expect(processExitsWith: .signal(SIGKILL), "round \(round), \(microseconds) us") {
        [folder = folder as String, path = path as String, microseconds = microseconds as UInt32] in
        let authority = try Authority.open(at: FilePath(folder))
        Thread.detachNewThread {
          usleep(microseconds)
          kill(getpid(), SIGKILL)
        }
        while true {
          try CertificateStore(FilePath(path)).install(
            authority.issueWithKey(Installation.agent(), now: Installation.start))
        }
      }
      #expect(try CertificateStore(own).load() != nil)
    }
    let last = try installation.authority.issueWithKey(Installation.agent(), now: start)
    #expect(try CertificateStore(own).install(last).leaf == last.leaf)
    // Two generations, the link and the lock: what the dead left is gone.
    #expect(try installation.scratch.names("own").count == 4)
  }

  /// Sendable: an atomic flag.
  private final class Installing: Sendable {
    let isDone = Atomic(false)
  }

  /// While one certificate after the other is installed there is always one in use.
  @Test func aReaderAlwaysFindsACertificate() async throws {
    let installation = try Installation()
    let own = installation.scratch.path.appending("own")
    let store = CertificateStore(own)
    let first = try store.install(installation.authority.issueWithKey(Installation.agent(), now: start))
    let folder = try PrivateFolder(existing: own)
    let installing = Installing()
    let missed = try await withThrowingTaskGroup(of: Int.self) { group in
      group.addTask {
        var missed = 0
        while !installing.isDone.load(ordering: .relaxed) { if try folder.target("current") == nil { missed += 1 } }
        return missed
      }
      group.addTask {
        defer { installing.isDone.store(true, ordering: .relaxed) }
        for _ in 0..<60 {
          try store.install(installation.authority.issueWithKey(Installation.agent(), now: Installation.start))
        }
        return 0
      }
      return try await group.reduce(0, +)
    }
    #expect(missed == 0)
    #expect(try store.load() != first)
  }

  @Test func ofManyRevocationsAtOnceNoneIsLost() async throws {
    let installation = try Installation()
    let leaves = try (0..<24).map { _ in
      try installation.authority.issueWithKey(Installation.agent(), now: start).leaf
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for leaf in leaves {
        let revocations = try Bool.random() ? installation.exchange.revocations : installation.reopened().revocations
        group.addTask { try revocations.revoke(leaf.serial, now: Installation.start) }
      }
      try await group.waitForAll()
    }
    let anew = try installation.reopened().revocations
    #expect(leaves.allSatisfy(anew.isRevoked))
    try installation.exchange.revocations.reloadIfChanged()
    #expect(leaves.allSatisfy(installation.exchange.revocations.isRevoked))
  }
}
