import Coordinator
import Foundation
import Telemetry

/// Connects to hosts and lists the login directory of each: what every other request needs, too.
struct HostVisit {
  let core: CoordinatorCore

  /// - Throws: `TargetError` for a name that cannot be one.
  func findings(_ hosts: [String]) async throws -> [Finding] {
    let targets = try hosts.map { try Target.withPath($0 + ":~") }
    var wanted = ListRequestOptions()
    wanted.limit = 1
    let options = CallOptions(requestID: RequestID.mint(), principal: LocalToolCaller.principal)
    let answer = try await core.list(targets, wanted, options)
    return answer.groups.flatMap(\.hosts).map { Finding(.good, "host \($0)", "reached, and it answers") }
      + answer.failures.map { Finding(.fault, "host \($0.host)", $0.message) }
  }
}
