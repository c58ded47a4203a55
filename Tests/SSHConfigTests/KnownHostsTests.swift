import Foundation
import TestFleet
import Testing

@testable import SSHConfig

@Suite struct KnownHostsTests {
  private let scratch: Scratch
  private let ed25519: HostKey
  private let other: HostKey
  private let rsa: HostKey

  init() async throws {
    scratch = try Scratch()
    ed25519 = try await Self.key(scratch.path + "/a", "ed25519")
    other = try await Self.key(scratch.path + "/b", "ed25519")
    rsa = try await Self.key(scratch.path + "/c", "rsa")
  }

  private static func key(_ path: String, _ type: String) async throws -> HostKey {
    _ = try await programRun("/usr/bin/ssh-keygen", ["-q", "-t", type, "-N", "", "-f", path])
    let words = try String(contentsOfFile: path + ".pub", encoding: .utf8).split(separator: " ")
    return HostKey(type: String(words[0]), blob: Array(try #require(Data(base64Encoded: String(words[1])))))
  }

  private func host(_ name: String, port: Int = 22, alias: String? = nil) -> ResolvedHost {
    var host = ResolvedHost(alias: name, hostName: name, port: port, user: "me")
    host.hostKeyAlias = alias
    host.userKnownHostsFiles = [scratch.path + "/known_hosts"]
    return host
  }

  private func load(_ text: String) throws -> KnownHosts {
    KnownHosts.load([try scratch.write("known_hosts", text)])
  }

  private func line(_ names: String, _ key: HostKey) -> String { "\(names) \(key.type) \(key.base64) comment here\n" }

  private func isMatch(_ verdict: KnownHosts.Verdict) -> Bool {
    if case .match = verdict { true } else { false }
  }

  @Test func plainNames() throws {
    let hosts = try load("# comment\n\n" + line("one,10.0.0.1", ed25519) + line("Two", rsa))
    #expect(hosts.check(ed25519, for: host("one")) == .match(.init(file: scratch.path + "/known_hosts", line: 3)))
    #expect(isMatch(hosts.check(ed25519, for: host("10.0.0.1"))))
    #expect(isMatch(hosts.check(rsa, for: host("two"))))
    #expect(isMatch(hosts.check(rsa, for: host("TWO"))))
    guard case .unknown(let message) = hosts.check(ed25519, for: host("three")) else {
      Issue.record("not unknown")
      return
    }
    #expect(message.contains("ssh-keyscan -p 22 three >> \(scratch.path)/known_hosts"))
    #expect(message.contains("`ssh -o UserKnownHostsFile=\(scratch.path)/known_hosts me@three`"))
    #expect(message.contains(ed25519.fingerprint))
  }

  @Test func portsAndAliases() throws {
    let hosts = try load(line("[one]:2200", ed25519) + line("one", rsa) + line("the-alias", other))
    #expect(isMatch(hosts.check(ed25519, for: host("one", port: 2200))))
    #expect(isMatch(hosts.check(rsa, for: host("one", port: 2200))), "known for the bare name")
    #expect(isMatch(hosts.check(other, for: host("whatever", port: 7, alias: "The-Alias"))))
    guard case .changed(let place, let message) = hosts.check(other, for: host("one", port: 2200)) else {
      Issue.record("not changed")
      return
    }
    #expect(place.line == 1)
    #expect(message.contains("ssh-keygen -R '[one]:2200' -f \(scratch.path)/known_hosts"))
    #expect(message.contains(" me@one -p 2200`"))
  }

  @Test func aKeyOfAnotherTypeIsUnknown() throws {
    let hosts = try load(line("one", ed25519))
    guard case .unknown(let message) = hosts.check(rsa, for: host("one")) else {
      Issue.record("not unknown")
      return
    }
    #expect(message.contains("ssh-ed25519"))
    #expect(message.contains(" -o HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256,ssh-rsa me@one`"))
  }

  @Test func severalKeysOfOneTypeAllCount() throws {
    let hosts = try load(line("one", ed25519) + line("one", other))
    #expect(isMatch(hosts.check(ed25519, for: host("one"))))
    #expect(isMatch(hosts.check(other, for: host("one"))))
  }

  @Test func patterns() throws {
    let hosts = try load(line("*.example.com,!bad.example.com,web?", ed25519))
    #expect(isMatch(hosts.check(ed25519, for: host("a.example.com"))))
    #expect(isMatch(hosts.check(ed25519, for: host("web1"))))
    #expect(!isMatch(hosts.check(ed25519, for: host("bad.example.com"))))
    #expect(!isMatch(hosts.check(ed25519, for: host("web10"))))
  }

  @Test func revokedWinsOverKnown() throws {
    let hosts = try load(line("*", ed25519) + "@revoked " + line("one,two", ed25519))
    guard case .revoked(let place, _) = hosts.check(ed25519, for: host("one")) else {
      Issue.record("not revoked")
      return
    }
    #expect(place.line == 2)
    #expect(isMatch(hosts.check(ed25519, for: host("three"))))
  }

  @Test func malformedLinesAreCountedAndPassedOver() throws {
    let hosts = try load(
      """
      one
      one ssh-ed25519
      one ssh-ed25519 not-base-64!
      one ssh-rsa \(ed25519.base64)
      |1|short|short ssh-ed25519 \(ed25519.base64)
      @strange one ssh-ed25519 \(ed25519.base64)
      one ssh-ed25519 AAAA
      @cert-authority * ssh-ed25519 \(ed25519.base64)
      one 1024 35 12345678
      """ + "\n" + line("one", other))
    #expect(hosts.skippedLines == 8)
    #expect(hosts.ignoredAuthorities == 1)
    #expect(isMatch(hosts.check(other, for: host("one"))))
    #expect(!isMatch(hosts.check(ed25519, for: host("two"))))
  }

  @Test func preferredTypes() throws {
    let hosts = try load(line("one", rsa) + line("one", ed25519) + line("two", rsa))
    #expect(hosts.preferredKeyTypes(for: host("one")) == ["ssh-ed25519", "ssh-rsa"])
    #expect(hosts.preferredKeyTypes(for: host("two", port: 7)) == ["ssh-rsa"])
    #expect(hosts.preferredKeyTypes(for: host("three")).isEmpty)
    #expect(
      hosts.preferring(["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"], for: host("two"))
        == ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519", "ecdsa-sha2-nistp256"])
  }

  /// `ssh-keygen -H` hashes the names, `ssh-keygen -F` finds them.
  @Test func agreesWithSSHKeygen() async throws {
    let names = ["one", "[one]:2200", "10.1.2.3", "fe80::1", "[fe80::1]:99", "long.name.example.com"]
    var text = names.enumerated().map { line($1, $0 % 2 == 0 ? ed25519 : rsa) }.joined()
    text += line("pat*,!pattern", other)
    let path = try scratch.write("known_hosts", text)
    let plain = KnownHosts.load([path])
    let (status, output) = try await programRun("/usr/bin/ssh-keygen", ["-H", "-f", path])
    #expect(status == 0, "\(output)")
    let hashed = KnownHosts.load([path])
    #expect(try String(contentsOfFile: path, encoding: .utf8).contains("|1|"))
    let questions = [
      ("one", 22), ("one", 2200), ("one", 23), ("10.1.2.3", 22), ("fe80::1", 22), ("fe80::1", 99), ("two", 22),
      ("long.name.example.com", 22), ("patty", 22), ("pattern", 22), ("pat", 2200),
    ]
    for (name, port) in questions {
      let (found, _) = try await programRun(
        "/usr/bin/ssh-keygen", ["-F", KnownHosts.name(name, port: port), "-f", path])
      for key in [ed25519, rsa, other] {
        let question = host(name, port: port)
        #expect(plain.check(key, for: question).kind == hashed.check(key, for: question).kind, "\(name):\(port)")
      }
      let isKnown = [ed25519, rsa, other].contains { hashed.check($0, for: host(name, port: port)).kind != "unknown" }
      if found == 0 { #expect(isKnown, "\(name):\(port)") }
      if port == 22 { #expect(isKnown == (found == 0), "\(name):\(port)") }
    }
  }

  @Test func fingerprintIsSSHKeygens() async throws {
    let (_, output) = try await programRun("/usr/bin/ssh-keygen", ["-l", "-f", scratch.path + "/a.pub"])
    #expect(output.contains(ed25519.fingerprint))
  }

  @Test func anAcceptedKeyIsKnown() throws {
    let question = host("New.Host", port: 2022)
    let hosts = try load(KnownHosts.line(for: ed25519, of: question) + "\n")
    #expect(isMatch(hosts.check(ed25519, for: question)))
  }
}

extension KnownHosts.Verdict {
  fileprivate var kind: String {
    switch self {
    case .match: "match"
    case .unknown: "unknown"
    case .changed: "changed"
    case .revoked: "revoked"
    }
  }
}
