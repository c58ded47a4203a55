package import Foundation
import Synchronization

/// Real hosts for the tests: OpenSSH's sshd on loopback addresses, with keys, ssh_config and known_hosts of its own.
///
/// Every host is a 127.x.y.z address on one high port; all of them show this machine's files. Nothing of the user's
/// own `~/.ssh` is read or written. The servers end with `stop()`, and also when the test process dies, since each
/// watches a pipe that the process holds.
///
/// Sendable: state behind a lock.
package final class TestFleet: Sendable {
  /// How many hosts, and how their sshd is set up.
  package struct Options: Sendable {
    /// Number of addresses, 1 to 250.
    package var hosts = 3
    /// sshd_config(5) MaxStartups. One sshd stands for sixteen hosts here, so the default is above OpenSSH's own.
    package var maxStartups = "200:30:400"
    /// sshd_config(5) MaxSessions; OpenSSH's own default.
    package var maxSessions = 10
    /// Key types of the host keys, as ssh-keygen names them.
    package var hostKeyTypes = ["ed25519"]
    /// The command of sshd_config(5)'s sftp subsystem.
    package var subsystem = "internal-sftp"
    /// What each request to the sftp subsystem waits on its way, as over a long line; nil: nothing. Takes the place of
    /// `subsystem`.
    package var sftpDelay: Duration?
    /// A `subsystem` of a user to whom the kernel denies something, as it does not to root: where the tests run as root,
    /// nobody's.
    package static let unprivilegedSubsystem =
      geteuid() == 0
      ? "/usr/bin/setpriv --reuid=nobody --regid=nogroup --clear-groups /usr/lib/openssh/sftp-server"
      : "internal-sftp"
    /// Further lines of sshd_config(5), before everything else.
    package var configuration: [String] = []

    package init() {}
  }

  /// The temporary folder that holds everything of this fleet.
  package let directory: URL
  package let port: Int
  package let addresses: [String]
  /// `host1`, `host2`, ... in the order of `addresses`.
  package let aliases: [String]
  package let user: String
  private let servers: [SSHServer]

  /// Of whatever the hosts run: no other process has it.
  private var home: String { "HOME=\(directory.path)" }
  package var configPath: String { directory.appending(path: "ssh_config").path }
  package var knownHostsPath: String { directory.appending(path: "known_hosts").path }
  package var privateKeyPath: String { directory.appending(path: "client_key").path }
  /// A scratch folder for files that the tests read through the hosts.
  package var files: URL { directory.appending(path: "files") }

  /// Starts the servers and returns when every address listens.
  package static func start(hosts: Int) async throws -> TestFleet {
    var options = Options()
    options.hosts = hosts
    return try await start(options)
  }

  package static func start(_ options: Options = Options()) async throws -> TestFleet {
    let fleet = try await TestFleet(options)
    do {
      for server in fleet.servers { try await server.start() }
    } catch {
      try? await fleet.stop()
      throw error
    }
    return fleet
  }

  /// A fleet for the length of `body`, stopped whatever happens in it.
  package static func with<Result>(
    _ options: Options = Options(), isolation: isolated (any Actor)? = #isolation,
    _ body: (TestFleet) async throws -> Result
  ) async throws -> Result {
    let fleet = try await start(options)
    do {
      let result = try await body(fleet)
      try await fleet.stop()
      return result
    } catch {
      try? await fleet.stop()
      throw error
    }
  }

  /// The same for a number of hosts.
  package static func with<Result>(
    hosts: Int, isolation: isolated (any Actor)? = #isolation, _ body: (TestFleet) async throws -> Result
  ) async throws -> Result {
    var options = Options()
    options.hosts = hosts
    return try await with(options, body)
  }

  private init(_ options: Options) async throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "scout-fleet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: directory.appending(path: "files"), withIntermediateDirectories: true)
    port = try freePort()
    user = NSUserName()
    // A /24 of its own makes two fleets on the same port as good as impossible.
    let network = "127.\(Int.random(in: 16...250)).\(Int.random(in: 0...255))"
    addresses = (1...options.hosts).map { "\(network).\($0)" }
    aliases = (1...options.hosts).map { "host\($0)" }

    var keys: [String] = []
    for type in options.hostKeyTypes {
      let path = directory.appending(path: "host_\(type)").path
      try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", type, "-f", path])
      keys.append(path)
    }
    let client = directory.appending(path: "client_key").path
    try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-C", "scout-test", "-f", client])
    try FileManager.default.copyItem(atPath: client + ".pub", toPath: directory.appending(path: "authorized_keys").path)

    var options = options
    if let delay = options.sftpDelay { options.subsystem = try Self.slowSFTP(delay, in: directory) }
    // sshd listens on sixteen addresses at most (MAX_LISTEN_SOCKS in sshd.c), so several share the fleet.
    servers = try stride(from: 0, to: addresses.count, by: 16).map { [addresses, port, directory, options] first in
      try SSHServer(
        addresses: Array(addresses[first..<min(first + 16, addresses.count)]), port: port, hostKeys: keys,
        options: options, directory: directory, number: first / 16)
    }
    try writeClientFiles(hostKeys: keys)
  }

  /// The command of an SFTP server that gets what it is sent after a delay: a request at a time, where one waits for the other.
  private static func slowSFTP(_ delay: Duration, in directory: URL) throws -> String {
    let path = directory.appending(path: "slow_sftp.py").path
    try """
    import os, subprocess, time
    server = subprocess.Popen(["/usr/lib/openssh/sftp-server"], stdin=subprocess.PIPE)
    while data := os.read(0, 65536):
        time.sleep(\(delay / .seconds(1)))
        os.write(server.stdin.fileno(), data)

    """.write(toFile: path, atomically: true, encoding: .utf8)
    return "/usr/bin/python3 \(path)"
  }

  private func writeClientFiles(hostKeys: [String]) throws {
    var known = ""
    for path in hostKeys {
      let key = try String(contentsOfFile: path + ".pub", encoding: .utf8).split(separator: " ").prefix(2)
      for address in addresses { known += "[\(address)]:\(port) \(key.joined(separator: " "))\n" }
    }
    try known.write(toFile: knownHostsPath, atomically: true, encoding: .utf8)

    var config = ""
    for (alias, address) in zip(aliases, addresses) { config += "Host \(alias)\n  HostName \(address)\n" }
    config += """
      Host *
        Port \(port)
        User \(user)
        IdentityFile \(privateKeyPath)
        IdentitiesOnly yes
        IdentityAgent none
        UserKnownHostsFile \(knownHostsPath)
        GlobalKnownHostsFile /dev/null
        StrictHostKeyChecking yes

      """
    try config.write(toFile: configPath, atomically: true, encoding: .utf8)
  }

  /// Adds a host to the ssh_config, with the fleet's key and `lines` of its own.
  package func addHost(_ alias: String, address: String, port: Int, _ lines: [String] = []) throws {
    let config = try String(contentsOfFile: configPath, encoding: .utf8)
    let block = ["Host \(alias)", "HostName \(address)", "Port \(port)"] + lines
    try (block.joined(separator: "\n  ") + "\n" + config)
      .write(toFile: configPath, atomically: true, encoding: .utf8)
  }

  /// Ends every server, its sessions and what they started, and removes the folder. May be called twice.
  package func stop() async throws {
    for server in servers { await server.kill() }
    // A command outlives its session where it waits for something else.
    for pid in processes(withEnvironment: home) { _ = Glibc.kill(pid, SIGKILL) }
    releasePipes()
    try? FileManager.default.removeItem(at: directory)
  }

  /// An SFTP server that opens a pipe waits for its other end, whatever becomes of its session: it gets one, and ends.
  private func releasePipes() {
    for path in FileManager.default.enumerator(atPath: directory.path)?.compactMap({ $0 as? String }) ?? [] {
      var status = stat()
      let path = directory.appending(path: path).path
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { continue }
      let end = open(path, O_RDWR | O_NONBLOCK)
      if end >= 0 { close(end) }
    }
  }

  /// Ends listeners and sessions at once, as a crashed host would; the addresses refuse connections afterwards.
  package func killServers() async {
    for server in servers { await server.kill() }
  }

  /// Starts again what `killServers` ended, on the same addresses and port.
  package func restart() async throws {
    for server in servers { try await server.start() }
  }

  /// Stops (SIGSTOP) listeners and sessions: TCP connects are accepted by the kernel and nothing answers.
  package func pause() { for server in servers { server.signal(SIGSTOP) } }
  /// Lets go on what `pause` stopped.
  package func resume() { for server in servers { server.signal(SIGCONT) } }

  /// Connections that the servers hold now, authenticated or not.
  package var sessionCount: Int { servers.reduce(0) { $0 + $1.sessions.count } }
  /// Successful logins since the start, from sshd's log.
  package var loginCount: Int { servers.reduce(0) { $0 + $1.logins } }
  /// What the servers logged, for the message of a failed test.
  package var log: String { servers.map(\.log).joined() }
}
