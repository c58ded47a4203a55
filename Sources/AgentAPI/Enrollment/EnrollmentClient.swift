import Foundation
package import HTTP2
package import Logging
package import NIOCore
import RPC
import SwiftProtobuf

/// Asks a coordinator's enrollment port, each time on a connection of its own; where there are several coordinators, one after
/// another until one is there. A value.
package struct EnrollmentClient: Sendable {
  package struct Address: Sendable, Hashable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// As in an authority (RFC 3986, section 3.2.2): an IPv6 address stands in brackets.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// Of one question to one coordinator, connecting included.
  static let timeout: Duration = .seconds(10)

  package var addresses: [Address]
  package var tls: HTTP2TLS
  private let group: any EventLoopGroup
  private let logger: Logger

  package init(_ addresses: [Address], tls: HTTP2TLS, group: any EventLoopGroup, logger: Logger) {
    self.addresses = addresses
    self.tls = tls
    self.group = group
    self.logger = logger
  }

  package func join(_ request: EnrollmentJoinRequest) async throws(EnrollmentRefusal) -> [[UInt8]] {
    try await certificates(EnrollmentServer.join, request)
  }

  package func renew(_ request: EnrollmentRenewRequest) async throws(EnrollmentRefusal) -> [[UInt8]] {
    try await certificates(EnrollmentServer.renew, request)
  }

  package func revocations(
    _ request: EnrollmentRevocationsRequest
  ) async throws(EnrollmentRefusal) -> EnrollmentSignedRevocations {
    try await ask(EnrollmentServer.revocations, request)
  }

  private func certificates(_ method: String, _ request: some Message) async throws(EnrollmentRefusal) -> [[UInt8]] {
    let reply: EnrollmentCertificates = try await ask(method, request)
    return reply.chain.map { Array($0) }
  }

  /// A refusal is every coordinator's, since they share the authority; only one that cannot answer is passed over.
  private func ask<Reply: Message>(
    _ method: String, _ request: some Message
  ) async throws(EnrollmentRefusal) -> Reply {
    var failures: [String] = []
    for address in addresses {
      do throws(EnrollmentRefusal) {
        return try await ask(address, method, request)
      } catch {
        failures.append("\(address): \(error.message)")
        guard error.kind == .unavailable else { throw EnrollmentRefusal(error.kind, failures.joined(separator: "; ")) }
      }
    }
    throw EnrollmentRefusal(.unavailable, failures.joined(separator: "; "))
  }

  private func ask<Reply: Message>(
    _ address: Address, _ method: String, _ request: some Message
  ) async throws(EnrollmentRefusal) -> Reply {
    let deadline = ContinuousClock.now + Self.timeout
    let connection: HTTP2Connection
    do throws(HTTP2Error) {
      connection = try await HTTP2Connection.connect(
        host: address.host, port: address.port, tls: tls, on: group.any(), timeout: Self.timeout, logger: logger)
    } catch {
      throw EnrollmentRefusal(.unavailable, error.message)
    }
    let client = RPCClient(connection: connection, authority: address.description, isSecure: true)
    let result = await answer { () throws(RPCError) in
      try Reply(answered: try await client.unary(method, try request.framed(), deadline: deadline).message)
    }
    await connection.shutdown(grace: .zero)
    return try result.get()
  }

  private func answer<Reply: Message>(
    _ body: () async throws(RPCError) -> Reply
  ) async -> Result<Reply, EnrollmentRefusal> {
    do throws(RPCError) {
      return .success(try await body())
    } catch {
      return .failure(EnrollmentRefusal(error))
    }
  }
}
