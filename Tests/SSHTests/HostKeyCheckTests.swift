import SSHConfig
import Testing

@testable import SSH

/// Which kinds of host keys are proposed.
@Suite struct HostKeyCheckTests {
  private static let supported = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa", "ssh-dss"]

  @Test(arguments: [
    (nil, ["ssh-ed25519", "ecdsa-sha2-nistp256"]), (["ssh-rsa"], ["ssh-rsa"]),
    (["ssh-ed25519", "rsa-sha2-512", "ssh-rsa"], ["ssh-ed25519", "ssh-rsa"]),
  ])
  func weakOnesAreToBeAskedFor(_ wanted: [String]?, _ proposed: [String]) {
    var host = ResolvedHost(alias: "a", hostName: "a", port: 22, user: "u")
    host.hostKeyAlgorithms = wanted
    let check = HostKeyCheck(host: host, known: KnownHosts.load([]))
    #expect(check.algorithms(from: Self.supported) == proposed)
  }
}
