import Foundation
import Libssh2
import SSH
import SSHConfig
import TestFleet
import Testing

/// Credentials beside plain key files, shown to a real sshd.
@Suite struct CredentialTests {
  /// A key of its own, which the fleet's hosts accept.
  private func makeKey(_ fleet: TestFleet, _ type: String) async throws -> String {
    let path = fleet.directory.appending(path: "key_\(type)").path
    try await run("/usr/bin/ssh-keygen", ["-q", "-t", type, "-N", "", "-C", type, "-f", path])
    let line = try String(contentsOfFile: path + ".pub", encoding: .utf8)
    try line.write(
      to: fleet.directory.appending(path: "authorized_keys"), atomically: true, encoding: .utf8)
    return path
  }

  private func host(_ hosts: TestHosts, keys: [String]) throws -> ResolvedHost {
    var host = try hosts.host()
    host.identityFiles = keys
    return host
  }

  /// A server that hangs up after too many keys has refused us: that is no broken network, and the answer names the remedy.
  @Test func tooManyKeysAreARefusalThatSaysWhatToDo() async throws {
    var options = TestFleet.Options()
    options.hosts = 1
    options.configuration = ["MaxAuthTries 2"]
    try await TestFleet.with(options) { fleet in
      let hosts = try TestHosts(fleet)
      var keys: [String] = []
      for number in 0..<5 {
        let path = fleet.directory.appending(path: "wrong_\(number)").path
        try await run("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path])
        keys.append(path)
      }
      let error = try await failure { try await hosts.connect(try host(hosts, keys: keys)) }
      #expect(error.code == .authFailed && error.message.contains("IdentitiesOnly yes"), "\(error)")
    }
  }

  @Test func anRSAKeyWorksOrSaysWhatToDo() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let host = try host(hosts, keys: [try await makeKey(fleet, "rsa")])
      if Library.signsWithRSA {
        await (try hosts.connect(host)).close()
      } else {
        let error = try await failure { try await hosts.connect(host) }
        #expect(error.code == .authFailed)
        #expect(error.message.contains("ssh-keygen -t ed25519"), "\(error.message)")
      }
    }
  }

  @Test(.enabled(if: geteuid() == 0, "an account with a password has to be made"))
  func aPasswordIsShownWhereTheHostAsksForOne() async throws {
    try await withAccount(sshd: ["PasswordAuthentication yes"]) { hosts, account in
      let host = try guest(hosts, account)
      await (try hosts.connect(host, credentials: SSHCredentials(password: Self.password))).close()

      let wrong = try await failure { try await hosts.connect(host, credentials: SSHCredentials(password: "guess-it")) }
      #expect(wrong.code == .authFailed)
      #expect(wrong.message.contains("refused") && wrong.message.contains("password"), "\(wrong.message)")
      #expect(!wrong.message.contains("guess-it"))

      let without = try await failure { try await hosts.connect(host) }
      #expect(without.code == .authFailed)
    }
  }

  /// ssh_config(5), StrictHostKeyChecking: with checking off the connection is made, and passwords are kept back.
  @Test(.enabled(if: geteuid() == 0, "an account with a password has to be made"))
  func aHostWithAnotherKeyGetsNoPassword() async throws {
    try await withAccount(sshd: ["PasswordAuthentication yes"]) { hosts, account in
      var host = try guest(hosts, account)
      host.strictHostKeyChecking = .off
      let file = hosts.fleet.directory.appending(path: "known_before").path
      let other = try String(contentsOfFile: hosts.fleet.privateKeyPath + ".pub", encoding: .utf8)
      try "[\(host.hostName)]:\(host.port) \(other)".write(toFile: file, atomically: true, encoding: .utf8)
      host.userKnownHostsFiles = [file]
      let error = try await failure {
        try await hosts.connect(host, credentials: SSHCredentials(password: Self.password))
      }
      #expect(error.code == .authFailed && error.message.contains("no password is shown"), "\(error)")
      host.userKnownHostsFiles = []
      host.globalKnownHostsFiles = []
      await (try hosts.connect(host, credentials: SSHCredentials(password: Self.password))).close()
    }
  }

  @Test(.enabled(if: geteuid() == 0, "an account with a password has to be made"))
  func keyboardInteractiveAnswersWithThePassword() async throws {
    try await withAccount(sshd: ["UsePAM yes", "KbdInteractiveAuthentication yes"]) { hosts, account in
      let host = try guest(hosts, account)
      await (try hosts.connect(host, credentials: SSHCredentials(password: Self.password))).close()
      let wrong = try await failure { try await hosts.connect(host, credentials: SSHCredentials(password: "guess-it")) }
      #expect(wrong.code == .authFailed)
      #expect(wrong.message.contains("keyboard-interactive"), "\(wrong.message)")
    }
  }

  @Test(.enabled(if: geteuid() == 0, "an account with a password has to be made"))
  func aKeyIsFollowedByThePasswordWhereTheHostWantsBoth() async throws {
    let both = ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"]
    try await withAccount(sshd: both) { hosts, account in
      var host = try hosts.host()
      host.user = account
      await (try hosts.connect(host, credentials: SSHCredentials(password: Self.password))).close()

      let wrong = try await failure { try await hosts.connect(host, credentials: SSHCredentials(password: "guess-it")) }
      #expect(wrong.code == .authFailed)
      #expect(wrong.message.contains("password") && !wrong.message.contains("guess-it"), "\(wrong.message)")

      let without = try await failure { try await hosts.connect(host) }
      #expect(without.code == .authFailed && without.message.contains("publickey"), "\(without.message)")
      // A password alone is not enough, and does not become so.
      host.pubkeyAuthentication = false
      let alone = try await failure {
        try await hosts.connect(host, credentials: SSHCredentials(password: Self.password))
      }
      #expect(alone.code == .authFailed)
    }
  }

  /// Without the fleet's key, which its hosts would accept for any account.
  private func guest(_ hosts: TestHosts, _ account: String) throws -> ResolvedHost {
    var host = try hosts.host()
    host.user = account
    host.pubkeyAuthentication = false
    return host
  }

  private static let password = "correct-horse-\(UInt32.random(in: .min ... .max))"

  /// One host with such lines in its sshd_config, and an account on this machine for as long as `body` runs.
  private func withAccount(sshd: [String], _ body: (TestHosts, String) async throws -> Void) async throws {
    let account = "scout-t\(UInt32.random(in: 0..<1_000_000))"
    try await run("/usr/sbin/useradd", ["--system", "--shell", "/bin/sh", "--home-dir", "/", account])
    do {
      let hash = try await run("/usr/bin/openssl", ["passwd", "-6", Self.password])
      try await run("/usr/sbin/usermod", ["-p", hash.trimmingCharacters(in: .whitespacesAndNewlines), account])
      var options = TestFleet.Options()
      options.hosts = 1
      options.configuration = sshd
      try await TestFleet.with(options) { try await body(TestHosts($0), account) }
    } catch {
      _ = try? await run("/usr/sbin/userdel", [account])
      throw error
    }
    try await run("/usr/sbin/userdel", [account])
  }
}
