import Foundation
import Synchronization

/// Real etcd members on loopback, one or three, with data in a temporary folder.
///
/// Each ends with `stop()`, and also when the test process dies, since its shell watches a pipe that the process holds.
/// Sendable: state behind a lock.
package final class EtcdCluster: Sendable {
  package static let binary = "/usr/bin/etcd"
  package static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: binary) }
  package static let absence = "etcd is not installed: apt-get install etcd-server"

  package struct Security: Sendable {
    package let roots: String
    package let certificate: String
    package let key: String

    package init(roots: String, certificate: String, key: String) {
      self.roots = roots
      self.certificate = certificate
      self.key = key
    }
  }

  package let endpoints: [String]
  package let ports: [Int]
  private let peers: [String]
  private let directory: URL
  private let security: Security?
  /// Of etcd, beside what a member needs.
  private let more: [String]
  private let processes: Mutex<[Process?]>

  /// A cluster for the length of `body`, stopped whatever happens in it.
  package static func with<Result>(
    _ size: Int, security: Security? = nil, arguments: [String] = [],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (EtcdCluster) async throws -> Result
  ) async throws -> Result {
    let cluster = try EtcdCluster(size, security: security, arguments: arguments)
    do {
      for member in 0..<size { try cluster.start(member) }
      for member in 0..<size { try await cluster.answers(member) }
      let result = try await body(cluster)
      await cluster.stop()
      return result
    } catch {
      await cluster.stop()
      throw error
    }
  }

  private init(_ size: Int, security: Security?, arguments: [String]) throws {
    more = arguments
    directory = FileManager.default.temporaryDirectory.appending(path: "scout-etcd-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    ports = try (0..<size).map { _ in try freePort() }
    let scheme = security == nil ? "http" : "https"
    endpoints = ports.map { "\(scheme)://127.0.0.1:\($0)" }
    peers = try (0..<size).map { _ in "http://127.0.0.1:\(try freePort())" }
    self.security = security
    processes = Mutex(Array(repeating: nil, count: size))
  }

  package func start(_ member: Int) throws {
    var arguments = [
      "--name", "m\(member)", "--data-dir", directory.appending(path: "m\(member)").path,
      "--listen-client-urls", endpoints[member], "--advertise-client-urls", endpoints[member],
      "--listen-peer-urls", peers[member], "--initial-advertise-peer-urls", peers[member],
      "--initial-cluster", peers.enumerated().map { "m\($0)=\($1)" }.joined(separator: ","),
    ]
    if let security {
      arguments += [
        "--cert-file", security.certificate, "--key-file", security.key, "--trusted-ca-file", security.roots,
        "--client-cert-auth",
      ]
    }
    arguments += more
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    let script = "log=$1; shift; \"$@\" </dev/null >>\"$log\" 2>&1 & read -r _; kill -9 $! 2>/dev/null"
    process.arguments = ["-c", script, "sh", directory.appending(path: "m\(member).log").path, Self.binary] + arguments
    process.standardInput = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    processes.withLock { $0[member] = process }
  }

  /// Kills a member as a crash would, and returns when it is gone.
  package func kill(_ member: Int) async {
    await processes.withLock({ $0[member].take() })?.killFamily()
  }

  package func stop() async {
    for member in endpoints.indices { await kill(member) }
    try? FileManager.default.removeItem(at: directory)
  }

  /// Returns when a member answers with a leader known.
  package func answers(_ member: Int) async throws {
    // Needs a certificate; the registry under test waits by itself.
    guard security == nil else { return }
    do {
      try await until(within: .seconds(30)) { (try? await self.revision(member: member)) != nil }
    } catch {
      throw FleetError("etcd m\(member): \(log(member).suffix(2000))")
    }
  }

  package func log(_ member: Int) -> String {
    (try? String(contentsOf: directory.appending(path: "m\(member).log"), encoding: .utf8)) ?? ""
  }

  /// The member that leads, by what each says of itself.
  package func leader() async throws -> Int {
    for member in endpoints.indices where try await leads(member) { return member }
    throw FleetError("no leader")
  }

  /// Whether a member leads that is not this one, which cannot be asked.
  package func elected(besides killed: Int) async throws -> Bool {
    for member in endpoints.indices where member != killed {
      if (try? await leads(member)) == true { return true }
    }
    return false
  }

  private func leads(_ member: Int) async throws -> Bool {
    let status = try await ask("maintenance/status", "{}", member: member)
    let header = status["header"] as? [String: Any]
    guard let own = header?["member_id"] as? String else { return false }
    return own == status["leader"] as? String
  }

  /// One call of the gateway, by curl: nothing of the code under test.
  @discardableResult
  package func ask(_ path: String, _ body: String, member: Int = 0, _ options: [String] = []) async throws -> [String:
    Any]
  {
    let text = try await run(
      "/usr/bin/curl", ["-s", "-m", "5", "-X", "POST", "\(endpoints[member])/v3/\(path)", "-d", body] + options)
    guard let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw FleetError("etcd said \(text)")
    }
    return answer
  }

  /// The revision that etcd is at.
  package func revision(member: Int = 0) async throws -> Int64 {
    let answer = try await ask("kv/range", #"{"key":"YQ=="}"#, member: member)
    guard let header = answer["header"] as? [String: Any], let text = header["revision"] as? String,
      let revision = Int64(text)
    else { throw FleetError("no revision in \(answer)") }
    return revision
  }
}
