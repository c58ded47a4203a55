import Foundation
import Logging
import NIOCore
import NIOPosix
import SSH
import SSHConfig
import TestFleet
import Testing

/// Shortcuts for the tests that talk to a real sshd.
struct TestHosts: Sendable {
  let fleet: TestFleet
  let config: SSHConfig

  init(_ fleet: TestFleet) throws {
    self.fleet = fleet
    config = try SSHConfig.load(path: fleet.configPath)
  }

  static let logger = Logger(label: "tests")

  func host(_ alias: String = "host1") throws -> ResolvedHost { try config.resolve(alias) }

  func connect(
    _ host: ResolvedHost? = nil, over jump: SSHConnection? = nil, credentials: SSHCredentials = SSHCredentials(),
    settings: SSHConnectionSettings = SSHConnectionSettings()
  ) async throws -> SSHConnection {
    try await SSHConnection.connect(
      to: host ?? self.host(), over: jump, credentials: credentials, settings: settings,
      on: MultiThreadedEventLoopGroup.singleton.next(), deadline: soon, logger: Self.logger)
  }

  /// One host, one connection, closed and stopped afterwards.
  static func withConnection(_ body: (TestHosts, SSHConnection) async throws -> Void) async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let connection = try await hosts.connect()
      try await body(hosts, connection)
      await connection.close()
    }
  }

  static func withLane(_ body: (TestHosts, SSHConnection, SFTPLane) async throws -> Void) async throws {
    try await withConnection { hosts, connection in
      let lane = try await connection.openLane(deadline: soon)
      try await body(hosts, connection, lane)
      lane.close()
    }
  }

  /// Writes a file into the scratch folder and returns its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> RemotePath {
    let path = fleet.files.path + "/" + name
    try Data(bytes).write(to: URL(filePath: path))
    return try RemotePath(path)
  }
}

/// Far enough for a slow machine, near enough for a hung test.
var soon: ContinuousClock.Instant { .now + .seconds(30) }

/// The error of `body`, which has to fail with an SSHError.
func failure<Value>(_ body: () async throws -> Value) async throws -> SSHError {
  do {
    _ = try await body()
  } catch let error as SSHError {
    return error
  }
  throw Unexpected(what: "success")
}

struct Unexpected: Error {
  let what: String
}

extension FileReader {
  /// Everything up to the end.
  func all() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let more = try await next(deadline: soon) { bytes += more.readableBytesView }
    return bytes
  }
}
