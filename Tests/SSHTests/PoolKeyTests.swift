import Pool
import SSHConfig
import Testing

@testable import SSH

/// Which aliases of one account share connections.
@Suite struct PoolKeyTests {
  private static let plain = ResolvedHost(alias: "a", hostName: "host.test", user: "u")

  private func key(_ change: (inout ResolvedHost) -> Void) -> PoolKey {
    var host = Self.plain
    change(&host)
    return PoolKey(host, jumps: [])
  }

  @Test func anotherNameForTheSameShares() {
    #expect(key { $0.alias = "b" } == key { _ in })
  }

  /// A connection of a laxer alias is none of a stricter one.
  @Test func whatDecidesOnTrustKeepsApart() {
    let changes: [(inout ResolvedHost) -> Void] = [
      { _ in }, { $0.user = "v" }, { $0.identityFiles = ["/k"] }, { $0.identitiesOnly = true },
      { $0.strictHostKeyChecking = .off }, { $0.hostKeyAlias = "x" }, { $0.userKnownHostsFiles = ["/u"] },
      { $0.globalKnownHostsFiles = ["/g"] }, { $0.hostKeyAlgorithms = ["ssh-ed25519"] }, { $0.ciphers = ["c"] },
      { $0.macs = ["c"] }, { $0.kexAlgorithms = ["c"] }, { $0.preferredAuthentications = ["publickey"] },
      { $0.pubkeyAuthentication = false }, { $0.passwordAuthentication = false },
      { $0.kbdInteractiveAuthentication = false },
    ]
    #expect(Set(changes.map(key)).count == changes.count)
  }
}
