import AgentAPI
import Enrollment
import Foundation
import HTTP2
import Logging
import NIOCore

/// Looks at this machine as an agent: the certificate that it has joined with, and whether the coordinators that it dials would take
/// it in.
struct CoordinatorExamination {
  let settings: SettingsReader
  let group: any EventLoopGroup
  let logger: Logger

  /// - Throws: `SettingsError`.
  func findings() async throws -> [Finding] {
    let security = try settings.text(.stateDir).flatMap { try AgentSecurity(stateFolder: $0) }
    // Without an authority the other two are a coordinator's front door's.
    let files = settings.text(.tlsCA) == nil ? nil : try settings.mutualTLS(.tlsCA, .tlsCert, .tlsKey)
    let tls = files ?? security?.tls
    let targets = try AgentFront.coordinators(settings, tls)
    var findings: [Finding] = []
    if let security { findings.append(examine(security, now: Date())) }
    guard !targets.isEmpty else { return findings }
    let identity = try AgentFront.identity(
      segment: security?.segment ?? settings.text(.segment) ?? "",
      name: security?.name ?? settings.text(.agentName) ?? AgentParts.machineName)
    return await findings
      + withTaskGroup(of: (Int, Finding).self) { group in
        for (index, target) in targets.enumerated() {
          group.addTask { (index, await examine(target, as: identity)) }
        }
        return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
      }
  }

  private func examine(_ security: AgentSecurity, now: Date) -> Finding {
    let subject = "the agent's certificate"
    let (identity, end) = (security.stored.identity, security.stored.leaf.notAfter)
    guard now < end else {
      return Finding(
        .fault, subject,
        "\(identity) is out of force since \(end), so it cannot be renewed: join anew with a token of `scout pki token`"
      )
    }
    return Finding(
      .good, subject,
      "\(identity) is in force until \(end), and renewed before at \(security.addresses.joined(separator: ", "))")
  }

  private func examine(_ target: CoordinatorTarget, as identity: AgentIdentity) async -> Finding {
    let subject = "coordinator \(target)"
    do throws(HTTP2Error) {
      try await AgentDialer.visit(target, as: identity, group: group, logger: logger)
      return Finding(
        .good, subject, "takes this agent in as \(target.tls == nil ? "\(identity)" : "its certificate says")")
    } catch {
      return Finding(
        .fault, subject,
        "\(error.message): check that it runs with \(Setting.agentListen.flag) and that the way is open")
    }
  }
}
