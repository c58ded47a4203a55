import Foundation
import NIOCore
import NIOPosix
import SSH
import SSHConfig
import TestFleet
import Testing

@Suite struct ConnectTests {
  @Test func connectsAndSaysHowLongEachPhaseTook() async throws {
    try await TestHosts.withConnection { _, connection in
      #expect(connection.isOpen)
      #expect(connection.timings.keyExchange > .zero)
      #expect(connection.timings.authentication > .zero)
    }
  }

  @Test func closingCompletesEndedWithoutAReason() async throws {
    try await TestHosts.withConnection { _, connection in
      await connection.close()
      #expect(try await connection.ended.get() == nil)
      #expect(!connection.isOpen)
      let error = try await failure { try await connection.openLane(deadline: soon) }
      #expect(error.code == .connectionLost)
    }
  }

  @Test func refusesAnUnknownHostKey() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      try "".write(toFile: fleet.knownHostsPath, atomically: true, encoding: .utf8)
      let hosts = try TestHosts(fleet)
      let error = try await failure { try await hosts.connect() }
      #expect(error.code == .hostKeyUnknown)
      #expect(error.phase == .hostKey)
      #expect(fleet.loginCount == 0)
    }
  }

  @Test func refusesAChangedHostKey() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let other = fleet.directory.appending(path: "other").path
      try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-f", other])
      let key = try String(contentsOfFile: other + ".pub", encoding: .utf8).split(separator: " ").prefix(2)
      try "[\(fleet.addresses[0])]:\(fleet.port) \(key.joined(separator: " "))\n"
        .write(toFile: fleet.knownHostsPath, atomically: true, encoding: .utf8)
      let hosts = try TestHosts(fleet)
      let error = try await failure { try await hosts.connect() }
      #expect(error.code == .hostKeyChanged)
      #expect(fleet.loginCount == 0)
    }
  }

  /// The file may lack its last line feed, as after an editor's or a person's hand.
  @Test(arguments: ["", "other.test ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINJJ6ZaE7MmpbIeNMhCQ3xBDVcnyV1kzCBvOLUD7Pm8g"])
  func acceptsANewKeyOnceAndRemembersIt(before: String) async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      try before.write(toFile: fleet.knownHostsPath, atomically: true, encoding: .utf8)
      let hosts = try TestHosts(fleet)
      var host = try hosts.host()
      host.strictHostKeyChecking = .acceptNew
      host.hashesKnownHosts = before.isEmpty
      await (try hosts.connect(host)).close()
      host.strictHostKeyChecking = .yes
      await (try hosts.connect(host)).close()
      let lines = try String(contentsOfFile: fleet.knownHostsPath, encoding: .utf8).split(separator: "\n")
      #expect(lines.count == (before.isEmpty ? 1 : 2) && lines[0].hasPrefix(before), "\(lines)")
      #expect(lines.last?.hasPrefix("|1|") == before.isEmpty)
    }
  }

  /// As on an account that has never used ssh(1), which makes the folder, too.
  @Test func theFolderOfKnownHostsIsMade() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      var host = try hosts.host()
      host.strictHostKeyChecking = .acceptNew
      let file = fleet.directory.appending(path: "new/known_hosts").path
      host.userKnownHostsFiles = [file]
      await (try hosts.connect(host)).close()
      host.strictHostKeyChecking = .yes
      await (try hosts.connect(host)).close()
      let folder = try FileManager.default.attributesOfItem(atPath: fleet.directory.appending(path: "new").path)
      #expect((folder[.posixPermissions] as? NSNumber)?.intValue == 0o700)
    }
  }

  @Test func asksForTheKeyTypeThatIsKnown() async throws {
    var options = TestFleet.Options()
    options.hosts = 1
    options.hostKeyTypes = ["ed25519", "ecdsa"]
    try await TestFleet.with(options) { fleet in
      let lines = try String(contentsOfFile: fleet.knownHostsPath, encoding: .utf8).split(separator: "\n")
      try (lines.filter { $0.contains("ecdsa-") }.joined(separator: "\n") + "\n")
        .write(toFile: fleet.knownHostsPath, atomically: true, encoding: .utf8)
      let hosts = try TestHosts(fleet)
      await (try hosts.connect()).close()
    }
  }

  /// As ssh(1): groups with SHA-1 where ssh_config wants them. A group that the host chooses is used for nobody.
  @Test(arguments: [
    ("diffie-hellman-group14-sha1", true), ("diffie-hellman-group-exchange-sha256", false),
    ("diffie-hellman-group-exchange-sha1", false),
  ])
  func anOldKeyExchangeIsToBeAskedFor(_ exchange: String, _ isPossible: Bool) async throws {
    var options = TestFleet.Options()
    options.hosts = 1
    options.configuration = ["KexAlgorithms \(exchange)"]
    try await TestFleet.with(options) { fleet in
      let hosts = try TestHosts(fleet)
      let error = try await failure { try await hosts.connect() }
      #expect(error.code == .unsupported && error.phase == .keyExchange)
      #expect(error.message.contains("KexAlgorithms"))
      try fleet.addHost(
        "old", address: fleet.addresses[0], port: fleet.port,
        ["HostKeyAlias [\(fleet.addresses[0])]:\(fleet.port)", "KexAlgorithms +\(exchange)"])
      let asking = try TestHosts(fleet)
      if isPossible {
        let connection = try await asking.connect(asking.host("old"))
        await connection.close()
      } else {
        let error = try await failure { try await asking.connect(asking.host("old")) }
        #expect(error.code == .unsupported)
      }
    }
  }

  @Test func aSilentHostIsAConnectTimeoutInItsBound() async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    var host = ResolvedHost(alias: "silent", hostName: "127.0.0.1", port: server.localAddress?.port ?? 0, user: "root")
    host.identityAgent = .none
    let settings = SSHConnectionSettings(keyExchangeTimeout: .milliseconds(300))
    let started = ContinuousClock.now
    let error = try await failure { [host] in
      try await SSHConnection.connect(
        to: host, settings: settings, on: MultiThreadedEventLoopGroup.singleton.next(), deadline: soon,
        logger: TestHosts.logger)
    }
    #expect(error.code == .connectTimeout)
    #expect(error.phase == .keyExchange)
    #expect(error.message.contains("key exchange"))
    #expect(ContinuousClock.now - started < .seconds(20))
    try await server.close()
  }

  @Test func aRefusedPortIsUnreachable() async throws {
    var host = ResolvedHost(alias: "nobody", hostName: "127.0.0.1", port: try freePort(), user: "root")
    host.identityAgent = .none
    let error = try await failure { [host] in
      try await SSHConnection.connect(
        to: host, on: MultiThreadedEventLoopGroup.singleton.next(), deadline: soon, logger: TestHosts.logger)
    }
    #expect(error.code == .unreachable)
    #expect(error.phase == .tcp)
    #expect(error.message.contains(": Connection refused. Is the host up"), "\(error.message)")
  }

  @Test func whatIsNotSSHIsAProtocolViolation() async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Greeter())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    var host = ResolvedHost(alias: "web", hostName: "127.0.0.1", port: server.localAddress?.port ?? 0, user: "root")
    host.identityAgent = .none
    let error = try await failure { [host] in
      try await SSHConnection.connect(
        to: host, on: MultiThreadedEventLoopGroup.singleton.next(), deadline: soon, logger: TestHosts.logger)
    }
    #expect(error.code == .protocolViolation)
    try await server.close()
  }

  @Test func aCancelledConnectEndsAtOnce() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      fleet.pause()
      let connecting = Task { try await hosts.connect() }
      try await Task.sleep(for: .milliseconds(100))
      connecting.cancel()
      let error = try await failure { try await connecting.value }
      #expect(error.code == .cancelled)
      fleet.resume()
    }
  }

  @Test func keysThatAreNotAuthorizedAreNamed() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let other = fleet.directory.appending(path: "stranger").path
      try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-f", other])
      let hosts = try TestHosts(fleet)
      var host = try hosts.host()
      host.identityFiles = [other, fleet.directory.appending(path: "missing").path]
      let error = try await failure { [host] in try await hosts.connect(host) }
      #expect(error.code == .authFailed)
      #expect(error.phase == .authentication)
      #expect(error.message.contains(other))
      #expect(error.message.contains("missing cannot be read"))
    }
  }

  @Test func anEncryptedKeySaysWhatToDo() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      for arguments in [["-t", "ed25519"], ["-t", "ecdsa", "-m", "PEM"]] {
        let key = fleet.directory.appending(path: "locked\(arguments.count)").path
        try await run("/usr/bin/ssh-keygen", ["-q", "-N", "long secret", "-f", key] + arguments)
        let hosts = try TestHosts(fleet)
        var host = try hosts.host()
        host.identityFiles = [key]
        let error = try await failure { [host] in try await hosts.connect(host) }
        #expect(error.code == .authFailed)
        #expect(error.message.contains("ssh-add \(key)"))
      }
    }
  }

  /// No .pub file lies beside them: the public half is computed.
  @Test(arguments: [["-t", "ed25519"], ["-t", "ecdsa"], ["-t", "ecdsa", "-m", "PEM"]])
  func logsInWith(_ arguments: [String]) async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let key = fleet.directory.appending(path: "key").path
      try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-f", key] + arguments)
      let authorized = fleet.directory.appending(path: "authorized_keys")
      try FileManager.default.removeItem(at: authorized)
      try FileManager.default.moveItem(atPath: key + ".pub", toPath: authorized.path)
      let hosts = try TestHosts(fleet)
      var host = try hosts.host()
      host.identityFiles = [key]
      await (try hosts.connect(host)).close()
    }
  }

  @Test func logsInWithAnAgentsKey() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let socket = fleet.directory.appending(path: "agent").path
      // In the foreground: a daemon would keep what Foundation watches for the program's end.
      let agent = Process()
      agent.executableURL = URL(filePath: "/usr/bin/ssh-agent")
      agent.arguments = ["-D", "-a", socket]
      agent.standardOutput = FileHandle.nullDevice
      agent.standardError = FileHandle.nullDevice
      try agent.run()
      // Not SIGTERM: the threads of a test may block it, and a child inherits that.
      defer { kill(agent.processIdentifier, SIGKILL) }
      while !FileManager.default.fileExists(atPath: socket) { try await Task.sleep(for: .milliseconds(5)) }
      let stranger = fleet.directory.appending(path: "stranger").path
      try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", "ecdsa", "-f", stranger])
      for key in [stranger, fleet.privateKeyPath] {
        try await run("/usr/bin/ssh-add", ["-q", key], environment: ["SSH_AUTH_SOCK": socket])
      }
      let hosts = try TestHosts(fleet)
      var host = try hosts.host()
      host.identityFiles = []
      host.identitiesOnly = false
      host.identityAgent = .path(socket)
      await (try hosts.connect(host)).close()
      #expect(fleet.loginCount == 1)

      // The same by the public key alone: its file, or the name of a private one that is not there.
      let named = fleet.directory.appending(path: "named").path
      try FileManager.default.copyItem(atPath: fleet.privateKeyPath + ".pub", toPath: named + ".pub")
      host.identitiesOnly = true
      for path in [named + ".pub", named] {
        host.identityFiles = [path]
        await (try hosts.connect(host)).close()
      }
      host.identityAgent = .none
      let error = try await failure { [host] in try await hosts.connect(host) }
      #expect(error.code == .authFailed && error.message.contains("ssh-add"), "\(error)")
    }
  }

  @Test func anAgentThatIsMissingIsMentioned() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      var host = try hosts.host()
      host.identityFiles = []
      host.identityAgent = .path(fleet.directory.appending(path: "nowhere").path)
      let error = try await failure { [host] in try await hosts.connect(host) }
      #expect(error.code == .authFailed)
      #expect(error.message.contains("nowhere"))
    }
  }

  @Test func goesThroughAChainOfHosts() async throws {
    try await TestFleet.with(hosts: 3) { fleet in
      let hosts = try TestHosts(fleet)
      let first = try await hosts.connect(try hosts.host("host1"))
      let second = try await hosts.connect(try hosts.host("host2"), over: first)
      let third = try await hosts.connect(try hosts.host("host3"), over: second)
      let path = try hosts.write("through", Array("the chain".utf8))
      let lane = try await third.openLane(deadline: soon)
      let slice = try await lane.readFile(path, limit: 100, deadline: soon)
      #expect(slice.bytes == ByteBuffer(string: "the chain"))
      #expect(fleet.loginCount == 3)
      // The outer one takes the inner ones with it.
      await first.close()
      let error = try await failure { try await lane.stat(path, deadline: soon) }
      #expect(error.code == .connectionLost)
      _ = try await third.ended.get()
    }
  }

  @Test func aJumpToNowhereSaysSo() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let first = try await hosts.connect()
      var host = try hosts.host()
      host.alias = "inner"
      host.port = try freePort()
      let error = try await failure { [host] in try await hosts.connect(host, over: first) }
      #expect(error.code == .unreachable)
      await first.close()
    }
  }

  @Test func aDeadHostIsFoundOut() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let connection = try await hosts.connect(
        settings: SSHConnectionSettings(keepaliveInterval: .milliseconds(100), keepaliveLimit: 2))
      let lane = try await connection.openLane(deadline: soon)
      fleet.pause()
      let reason = try await connection.ended.get()
      #expect(reason?.code == .connectionLost)
      #expect(!lane.isUsable)
      fleet.resume()
    }
  }

  @Test func aLiveHostIsNotGivenUp() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let connection = try await hosts.connect(
        settings: SSHConnectionSettings(keepaliveInterval: .seconds(2), keepaliveLimit: 1))
      let lane = try await connection.openLane(deadline: soon)
      try await Task.sleep(for: .seconds(6.5))
      #expect(connection.isOpen)
      #expect(lane.isUsable)
      await connection.close()
    }
  }
}

/// Speaks HTTP to everyone.
private final class Greeter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    let text = String(repeating: "HTTP/1.1 400 Bad Request\r\n", count: 20_000)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
  }
}
