import AgentAPI
import Enrollment
import Foundation
import Logging
import NIOPosix
import ServiceLifecycle

/// The authority within a coordinator: answers those who join and renew, and keeps revoked machines out. Sendable.
struct AuthorityDesk: EnrollmentService, Service {
  let exchange: EnrollmentExchange
  let links: LinkGuard
  let logger: Logger

  func join(_ request: EnrollmentJoinRequest, from peer: String) async throws(EnrollmentRefusal) -> [[UInt8]] {
    let claim = TokenClaim(
      .agent, segment: request.segment.isEmpty ? nil : request.segment, name: request.name.isEmpty ? nil : request.name)
    let join = JoinRequest(secret: Array(request.secret), claim: claim, request: Array(request.certificateRequest))
    return try await answer(peer) { exchange.join(join, now: .now) }
  }

  func renew(
    _ request: EnrollmentRenewRequest, certificate: [UInt8], from peer: String
  ) async throws(EnrollmentRefusal) -> [[UInt8]] {
    let bytes = Array(request.certificateRequest)
    let trusted = try Self.pins(request.trusted)
    return try await answer(peer) { exchange.renew(bytes, peer: certificate, trusted: trusted, now: .now) }
  }

  func revocations(
    _ request: EnrollmentRevocationsRequest, certificate: [UInt8]
  ) async throws(EnrollmentRefusal) -> EnrollmentSignedRevocations {
    var reply = await rotation(try Self.pins(request.trusted), certificate)
    do {
      let digest = Array(request.digest)
      let signed = try await NIOThreadPool.singleton.runIfActive {
        try exchange.signedRevocations(beyond: digest, now: .now)
      }
      if let signed {
        reply.text = Data(signed.text)
        reply.signature = Data(signed.signature)
      }
      return reply
    } catch let error as EnrollmentError {
      logger.error("revocations not told", metadata: ["reason": "\(error)"])
      throw EnrollmentRefusal(.unavailable, error.peerMessage)
    } catch {
      throw EnrollmentRefusal(.unavailable, "The coordinator is stopping")
    }
  }

  /// What a rotation has for the peer. Who is revoked is told all the same where this fails.
  private func rotation(_ trusted: [AuthorityPin], _ certificate: [UInt8]) async -> EnrollmentSignedRevocations {
    var reply = EnrollmentSignedRevocations()
    do {
      let news = try await NIOThreadPool.singleton.runIfActive {
        try exchange.news(for: certificate, trusted: trusted, now: .now)
      }
      if let authorities = news.authorities {
        reply.authorities = Data(authorities.text)
        reply.authoritySignatures = authorities.signatures.map { Data($0) }
      }
      reply.renew = news.renews
    } catch {
      logger.error("authorities not told", metadata: ["reason": "\(error)"])
    }
    return reply
  }

  private static func pins(_ sent: [Data]) throws(EnrollmentRefusal) -> [AuthorityPin] {
    do throws(EnrollmentError) {
      guard sent.count <= 8 else { throw EnrollmentError(.invalidPin, "More than 8 pins") }
      var pins: [AuthorityPin] = []
      for bytes in sent { pins.append(try AuthorityPin(sent: Array(bytes))) }
      return pins
    } catch {
      throw EnrollmentRefusal(.badRequest, error.peerMessage)
    }
  }

  /// Looks each second whether somebody was revoked, and sweeps what has run out now and then.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      var turns = 0
      // Those who join and renew read the file, too: a change is not missed because they saw it first.
      var seen = exchange.revocations.changes
      while (try? await Task.sleep(for: .seconds(1))) != nil {
        turns += 1
        let isHourly = turns % 3600 == 0
        do {
          let changes = try await NIOThreadPool.singleton.runIfActive {
            if isHourly {
              _ = try exchange.revocations.sweep(now: .now)
              _ = try exchange.tokens.sweep(now: .now)
              try exchange.sweepHolders(now: .now)
            }
            try exchange.revocations.reloadIfChanged()
            return exchange.revocations.changes
          }
          guard changes != seen else { continue }
          seen = changes
          logger.notice("revocations read anew")
          links.reexamine()
        } catch {
          logger.error("revocations not read", metadata: ["reason": "\(error)"])
        }
      }
    }
  }

  private func answer(
    _ peer: String, _ body: @escaping @Sendable () -> EnrollmentOutcome
  ) async throws(EnrollmentRefusal) -> [[UInt8]] {
    let outcome: EnrollmentOutcome
    do {
      outcome = try await NIOThreadPool.singleton.runIfActive(body)
    } catch {
      throw EnrollmentRefusal(.unavailable, "The coordinator is stopping")
    }
    var facts: Logger.Metadata = ["peer": .string(peer)]
    for fact in outcome.facts { facts[fact.name] = .string(fact.value) }
    switch outcome.result {
    case .success(let issued):
      logger.notice("certificate issued", metadata: facts)
      links.note(issued.leaf)
      return issued.chain
    case .failure(let error):
      logger.warning("certificate refused", metadata: facts)
      switch error.code {
      case .badRequest, .keyNotAllowed: throw EnrollmentRefusal(.badRequest, error.peerMessage)
      default: throw EnrollmentRefusal(error.mayPass ? .unavailable : .denied, error.peerMessage)
      }
    }
  }
}
