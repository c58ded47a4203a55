import Foundation
package import HTTP2
package import Logging
package import NIOCore
import RPC
import ServiceLifecycle
import SwiftProtobuf
import Synchronization

/// Serves an `EnrollmentService` on a port of its own, to whoever reaches it. A value; it listens from `bind` on and answers from
/// `run` on.
///
/// Strangers can talk to it, so all is bounded low: 64 connections of fifteen seconds, 16 KiB a message, four answers at once.
package struct EnrollmentServer: Service {
  static let join = "/scout.enrollment.v1.Enrollment/Join"
  static let renew = "/scout.enrollment.v1.Enrollment/Renew"
  static let revocations = "/scout.enrollment.v1.Enrollment/Revocations"
  static let longestMessage = 16 << 10
  static let atOnce = 4
  static let longestConnection: Duration = .seconds(15)

  private let server: RPCServer

  /// Listens.
  ///
  /// - Parameters:
  ///   - port: 0 takes any; `address` says which.
  ///   - tls: shown to everybody. A machine that joins has no certificate, so one is asked for and not demanded; one that is shown is
  ///     checked.
  /// - Throws: HTTP2Error, as `AgentServer.bind`.
  package static func bind(
    _ service: any EnrollmentService, host: String, port: Int, tls: HTTP2TLS, group: any EventLoopGroup, logger: Logger
  ) async throws(HTTP2Error) -> EnrollmentServer {
    var http2 = HTTP2Settings()
    http2.maxConnections = 64
    // `EnrollmentClient` makes one for each question, and gives up before.
    http2.maxConnectionAge = longestConnection
    var rpc = RPCSettings()
    rpc.maxMessageBytes = longestMessage
    rpc.showsPeerCertificate = true
    let server = try await RPCServer.bind(
      host: host, port: port, tls: optional(tls), routes: routes(service), http2: http2, settings: rpc, group: group,
      logger: logger)
    return EnrollmentServer(server: server)
  }

  /// Where it listens.
  package var address: SocketAddress { server.localAddress }

  /// As `HTTP2Server.replace`.
  package func replace(_ tls: HTTP2TLS) throws(HTTP2Error) {
    try server.replace(Self.optional(tls))
  }

  /// Answers until graceful shutdown or cancellation. Once.
  package func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask { await server.run() }
      try? await gracefulShutdown()
      await server.shutdown(grace: Task.isCancelled ? .zero : .seconds(2))
    }
  }

  private static func optional(_ tls: HTTP2TLS) -> HTTP2TLS {
    var tls = tls
    tls.isClientCertificateOptional = true
    return tls
  }

  private static func routes(_ service: any EnrollmentService) -> RPCServer.Routes {
    let places = Places(count: atOnce)
    return [
      join: .unary { message, call in
        let request = try EnrollmentJoinRequest(received: message)
        return try await places.answering { () throws(EnrollmentRefusal) in
          EnrollmentCertificates(try await service.join(request, from: call.peerName))
        }
      },
      renew: .unary { message, call in
        let request = try EnrollmentRenewRequest(received: message)
        guard let certificate = call.peerCertificate else {
          throw RPCError(.unauthenticated, "to renew, show the certificate that is to be renewed")
        }
        return try await places.answering { () throws(EnrollmentRefusal) in
          EnrollmentCertificates(try await service.renew(request, certificate: certificate, from: call.peerName))
        }
      },
      revocations: .unary { message, call in
        let request = try EnrollmentRevocationsRequest(received: message)
        guard let certificate = call.peerCertificate else {
          throw RPCError(.unauthenticated, "who is revoked is told to agents and coordinators: show a certificate")
        }
        return try await places.answering { () throws(EnrollmentRefusal) in
          try await service.revocations(request, certificate: certificate)
        }
      },
    ]
  }
}

/// So many answers at once, and no queue. Sendable: an atomic.
private final class Places: Sendable {
  private let free: Atomic<Int>

  init(count: Int) { free = Atomic(count) }

  func answering<Reply: Message>(
    _ body: () async throws(EnrollmentRefusal) -> Reply
  ) async throws(RPCError) -> RPCAnswer {
    guard free.subtract(1, ordering: .relaxed).newValue >= 0 else {
      free.add(1, ordering: .relaxed)
      throw RPCError(.unavailable, "others are being answered: try again in a second")
    }
    defer { free.add(1, ordering: .relaxed) }
    let reply: Reply
    do throws(EnrollmentRefusal) {
      reply = try await body()
    } catch {
      throw error.status
    }
    return RPCAnswer(try reply.framed())
  }
}

extension EnrollmentCertificates {
  fileprivate init(_ chain: [[UInt8]]) {
    self.init()
    self.chain = chain.map { Data($0) }
  }
}

extension RPCContext {
  fileprivate var peerName: String { peer.map { "\($0)" } ?? "unknown" }
}
