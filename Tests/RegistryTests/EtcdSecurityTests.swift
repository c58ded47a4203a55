import Foundation
import TestFleet
import Testing

@testable import Registry

/// A real etcd that wants a client's certificate, and a user with a password.
@Suite(.enabled(if: EtcdCluster.isInstalled, Comment(rawValue: EtcdCluster.absence)), .timeLimit(.minutes(2)))
struct EtcdSecurityTests {
  /// A CA, and a certificate of it for 127.0.0.1 that serves both ends, by openssl. It has no common name: with users,
  /// etcd's gateway refuses a client's certificate that has one, lest somebody take it for the user.
  private func certificates(_ folder: URL) async throws -> EtcdCluster.Security {
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let openssl = "/usr/bin/openssl"
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    try await run(
      openssl,
      ["req", "-x509", "-days", "2", "-subj", "/CN=ca", "-out", path("ca.crt"), "-keyout", path("ca.key")] + key)
    try await run(openssl, ["req", "-subj", "/O=scout", "-out", path("csr"), "-keyout", path("key")] + key)
    try "subjectAltName=IP:127.0.0.1\n".write(toFile: path("ext"), atomically: true, encoding: .utf8)
    try await run(
      openssl,
      [
        "x509", "-req", "-days", "2", "-in", path("csr"), "-CA", path("ca.crt"), "-CAkey", path("ca.key"),
        "-CAcreateserial", "-extfile", path("ext"), "-out", path("crt"),
      ])
    return EtcdCluster.Security(roots: path("ca.crt"), certificate: path("crt"), key: path("key"))
  }

  @Test("Mutual TLS and a user of etcd's: only who has both gets in, and a reader's rows are refused")
  func security() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scout-etcd-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let security = try await certificates(folder)
    try await EtcdCluster.with(1, security: security) { cluster in
      func registry(
        _ user: EtcdSettings.User?, certificate: Bool = true
      ) throws -> EtcdRegistry {
        var settings = EtcdSettings(endpoints: cluster.endpoints)
        settings.tls = EtcdSettings.TLS(
          trustRoots: security.roots, certificateChain: certificate ? security.certificate : nil,
          privateKey: certificate ? security.key : nil)
        settings.user = user
        return try EtcdRegistry(settings, logger: quiet)
      }
      let open = try registry(nil)
      try await running([open]) { try await eventually("synced") { open.standing.isSynced } }

      let prefix = Data("/scout/registry/".utf8).base64EncodedString()
      let end = Data("/scout/registry0".utf8).base64EncodedString()
      let steps = [
        ("auth/user/add", #"{"name":"root","password":"r"}"#), ("auth/role/add", #"{"name":"root"}"#),
        ("auth/user/grant", #"{"user":"root","role":"root"}"#),
        ("auth/role/add", #"{"name":"writer"}"#), ("auth/role/add", #"{"name":"reader"}"#),
        (
          "auth/role/grant",
          #"{"name":"writer","perm":{"permType":"READWRITE","key":"\#(prefix)","range_end":"\#(end)"}}"#
        ),
        (
          "auth/role/grant", #"{"name":"reader","perm":{"permType":"READ","key":"\#(prefix)","range_end":"\#(end)"}}"#
        ),
        ("auth/user/add", #"{"name":"w","password":"one"}"#), ("auth/user/grant", #"{"user":"w","role":"writer"}"#),
        ("auth/user/add", #"{"name":"r","password":"two"}"#), ("auth/user/grant", #"{"user":"r","role":"reader"}"#),
        ("auth/enable", "{}"),
      ]
      for (path, body) in steps {
        let answer = try await cluster.ask(
          path, body, ["--cacert", security.roots, "--cert", security.certificate, "--key", security.key])
        #expect(answer["error"] == nil, "\(path): \(answer)")
      }

      let writer = try registry(EtcdSettings.User(name: "w", password: "one"))
      let reader = try registry(EtcdSettings.User(name: "r", password: "two"))
      let wrong = try registry(EtcdSettings.User(name: "w", password: "two"))
      let nobody = try registry(nil)
      let bare = try registry(EtcdSettings.User(name: "w", password: "one"), certificate: false)
      try writer.publish(dialled("w"))
      try reader.publish(dialled("r"))
      try await running([writer, reader, wrong, nobody, bare]) {
        try await eventually("the reader sees the writer's row") { reader.snapshot.rows.count == 1 }
        try await eventually("its writer knows it stored") { writer.publication(of: dialled("w").id) == .stored }
        let others: [(EtcdRegistry, RegistryError.Code)] = [
          (wrong, .refused), (nobody, .forbidden), (bare, .unreachable),
        ]
        for (other, code) in others {
          try await eventually("\(code)") { other.figures.lastFailure?.code == code }
          #expect(other.snapshot.rows.isEmpty && !other.standing.isSynced)
        }
        #expect(bare.figures.sessions == 0)
        try await eventually("the reader stays synced") { reader.standing.isSynced }
        #expect(writer.snapshot.rows[dialled("r").id] == nil)
      }
    }
  }
}
