import Testing

@testable import SSHConfig

/// 1,000 hosts must be read and resolved in 20 ms by a release build; `swift test -c release --filter ConfigSpeed` prints it.
@Suite struct ConfigSpeedTests {
  @Test func thousandHosts() throws {
    let (hosts, best) = try Self.measure(hosts: 1000, rounds: 15)
    #expect(hosts == 1000)
    print("ssh_config: 1000 hosts read and resolved in \(best)")
    #if !DEBUG
      #expect(best < .milliseconds(20))
    #endif
  }

  /// - Returns: the hosts that were resolved, and the shortest of all rounds.
  static func measure(hosts: Int, rounds: Int) throws -> (hosts: Int, best: Duration) {
    var text = "Host *\n  ServerAliveInterval 15\n  HashKnownHosts yes\n\n"
    for index in 0..<hosts {
      text += """
        Host host\(index)
          HostName host\(index).dc\(index % 10).example.com
          User admin
          Port \(2000 + index)
          IdentityFile ~/.ssh/id_dc\(index % 10)
          ProxyJump gate\(index % 10)

        """
    }
    text += "Match host *.dc3.example.com\n  IdentitiesOnly yes\nHost *\n  User nobody\n  ConnectTimeout 5\n"
    let reader = FakeReader(files: ["/c": text])
    let environment = SSHConfigEnvironment(home: "/home/me", userName: "me", userID: 1000)
    var best = Duration.seconds(3600)
    var resolved = 0
    for _ in 0..<rounds {
      let start = ContinuousClock.now
      let config = try SSHConfig.load(path: "/c", environment: environment, reader: reader)
      resolved = try config.aliases.map { try config.resolve($0) }.filter { $0.user == "admin" }.count
      best = min(best, start.duration(to: .now))
    }
    return (resolved, best)
  }
}
