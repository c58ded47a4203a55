import Foundation
import HTTP2

/// An authority with a server's and a client's certificate, made by openssl(1) in a temporary folder that it removes.
final class Certificates: Sendable {
  let folder: URL

  /// - Parameter spiffe: The name in the client's SAN.
  init(spiffe: String = "spiffe://test/agent/dc1/a") async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "scout-http2-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try await openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=authority -keyout ca.key -out ca.pem"
    )
    try await issue("server", names: "IP:127.0.0.1,DNS:localhost")
    try await issue("named", names: "DNS:agent.test")
    try await issue("client", names: "URI:\(spiffe)")
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  var server: HTTP2TLS { identity("server") }
  /// A server's that does not carry its address.
  var named: HTTP2TLS { identity("named") }
  var client: HTTP2TLS { identity("client") }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  private func identity(_ name: String) -> HTTP2TLS {
    HTTP2TLS(trustRoots: path("ca.pem"), certificateChain: path("\(name).pem"), privateKey: path("\(name).key"))
  }

  private func issue(_ name: String, names: String) async throws {
    try Data("subjectAltName=\(names)\n".utf8).write(to: folder.appending(path: "\(name).ext"))
    try await openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) -keyout \(name).key -out \(name).csr")
    try await openssl(
      "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile \(name).ext -out \(name).pem"
    )
  }

  private func openssl(_ arguments: String) async throws {
    _ = try await Tool.run("openssl", arguments.split(separator: " ").map(String.init), in: folder)
  }
}
