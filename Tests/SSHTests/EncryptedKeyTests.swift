import Foundation
import NIOCore
import NIOPosix
import SSH
import SSHConfig
import Synchronization
import TestFleet
import Testing

/// Key files with a passphrase, shown to a real sshd.
@Suite struct EncryptedKeyTests {
  private static let credentials = SSHCredentials(keyPassphrase: "open sesame")

  /// Host one of the fleet with an encrypted key of its own, which it accepts beside the fleet's.
  private func host(_ hosts: TestHosts, _ arguments: [String]) async throws -> ResolvedHost {
    let path = hosts.fleet.directory.appending(path: "locked").path
    try await run("/usr/bin/ssh-keygen", ["-q", "-N", "open sesame", "-f", path] + arguments)
    let authorized = hosts.fleet.directory.appending(path: "authorized_keys").path
    let lines = try [authorized, path + ".pub"].map { try String(contentsOfFile: $0, encoding: .utf8) }
    try lines.joined().write(toFile: authorized, atomically: true, encoding: .utf8)
    try FileManager.default.removeItem(atPath: path + ".pub")
    var host = try hosts.host()
    host.identityFiles = [path]
    return host
  }

  /// The same with a key that takes seconds to decrypt.
  private func slowHost(_ hosts: TestHosts) async throws -> ResolvedHost {
    try await host(hosts, ["-t", "ed25519", "-a", "300"])
  }

  /// Returns when sshd has said that it would have the key, and waits for the signature.
  private func untilWanted(_ fleet: TestFleet) async throws {
    try await until { fleet.log.ranges(of: "Postponed publickey").count == 1 }
  }

  private func connect(
    _ host: ResolvedHost, on eventLoop: any EventLoop, authenticationTimeout: Duration = .seconds(60)
  ) async throws -> SSHConnection {
    var settings = SSHConnectionSettings(authenticationTimeout: authenticationTimeout)
    settings.handshakeTimeout = nil
    return try await SSHConnection.connect(
      to: host, credentials: Self.credentials, settings: settings, on: eventLoop, deadline: .now + .seconds(90),
      logger: TestHosts.logger)
  }

  @Test(arguments: [["-t", "ed25519"], ["-t", "ecdsa"], ["-t", "ecdsa", "-m", "PEM"]])
  func opensWithItsPassphrase(_ arguments: [String]) async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let host = try await host(hosts, arguments)
      await (try hosts.connect(host, credentials: Self.credentials)).close()

      let wrong = try await failure {
        try await hosts.connect(host, credentials: SSHCredentials(keyPassphrase: "open barley"))
      }
      #expect(wrong.code == .authFailed)
      #expect(wrong.message.contains("passphrase"), "\(wrong.message)")
      #expect(!wrong.message.contains("barley"))

      let without = try await failure { try await hosts.connect(host) }
      #expect(without.code == .authFailed)
      #expect(without.message.contains("ssh-add"), "\(without.message)")
    }
  }

  @Test func theLoopServesOthersWhileAKeyIsDecrypted() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let slow = try await slowHost(hosts)
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      let path = try hosts.write("beside", Array("beside".utf8))

      let pulse = Pulse()
      let beating = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { _ in pulse.beat() }
      let began = ContinuousClock.now
      let connection = try await connect(slow, on: loop)
      let took = ContinuousClock.now - began
      beating.cancel()
      // Most of it is the decryption; a loop that did it would have stood still as long.
      #expect(pulse.longestPause < took / 2, "\(pulse.longestPause) of \(took)")
      let other = try await connection.openLane(deadline: soon)
      #expect(try await other.readFile(path, limit: 100, deadline: soon).bytes == ByteBuffer(string: "beside"))
      await connection.close()
    }
  }

  @Test func aLoginThatIsCancelledMeanwhileEndsAtOnce() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let slow = try await slowHost(hosts)
      let login = Task { try await connect(slow, on: MultiThreadedEventLoopGroup.singleton.next()) }
      try await untilWanted(fleet)
      login.cancel()
      #expect(try await failure { try await login.value }.code == .cancelled)
      try await until { fleet.sessionCount == 0 }
      #expect(fleet.loginCount == 0)
    }
  }

  @Test func aLoginThatTakesTooLongEndsInItsBound() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let slow = try await slowHost(hosts)
      let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
      let error = try await failure {
        try await connect(slow, on: eventLoop, authenticationTimeout: .milliseconds(700))
      }
      #expect(error.code == .connectTimeout && error.phase == .authentication, "\(error)")
      try await until { fleet.sessionCount == 0 }
      #expect(fleet.loginCount == 0)
      await (try connect(try hosts.host(), on: eventLoop)).close()
    }
  }

  @Test func aHostThatHangsUpMeanwhileIsUnreachable() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let slow = try await slowHost(hosts)
      let login = Task { try await connect(slow, on: MultiThreadedEventLoopGroup.singleton.next()) }
      try await untilWanted(fleet)
      await fleet.killServers()
      let error = try await failure { try await login.value }
      #expect(error.code == .unreachable && error.phase == .authentication, "\(error)")
    }
  }
}

/// How regularly something happens. Sendable: state behind a lock.
private final class Pulse: Sendable {
  private let state = Mutex((last: ContinuousClock.now, longest: Duration.zero))

  var longestPause: Duration { state.withLock { $0.longest } }

  func beat() {
    state.withLock { state in
      let now = ContinuousClock.now
      state = (now, max(state.longest, now - state.last))
    }
  }
}
