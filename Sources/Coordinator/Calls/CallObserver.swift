import AgentAPI
import Logging
package import Telemetry

/// Notes each tool call that ended: hosts by outcome, and the audit line. A value. (How many calls and how long they took is
/// counted where they come in, at the front doors.)
package struct CallObserver: Sendable {
  /// A call, as far as it is noted.
  struct Ended {
    var tool: String
    var options: CallOptions
    var summary: AnswerSummary
    var failures: [FailureCode]
    var outcome: Outcome
    var duration: Duration
    var facts: Logger.Metadata
  }

  enum Outcome: String {
    case ok
    /// Some hosts answered.
    case partial
    /// None did.
    case failed
    case cancelled
    /// The arguments made no call.
    case invalid
  }

  private let audit: AuditLog?
  private let hosts: CounterFamily?

  /// - Parameters:
  ///   - metrics: nil counts nothing.
  ///   - audit: nil writes no lines (commands at a terminal).
  package init(metrics: MetricsRegistry?, audit: AuditLog?) {
    self.audit = audit
    hosts = metrics?.counter(
      "scout_hosts_asked_total", help: "Hosts that tool calls asked, by what came of it: ok or a failure code.",
      labels: ["tool", "outcome"])
  }

  func ended(_ call: Ended) {
    if let hosts {
      if call.summary.ok > 0 { hosts[call.tool, "ok"].increment(by: UInt64(call.summary.ok)) }
      for code in call.failures { hosts[call.tool, code.rawValue].increment() }
    }
    guard let audit else { return }
    var facts = call.facts
    if !call.failures.isEmpty {
      facts["failed"] = .stringConvertible(call.failures.count)
      facts["codes"] = .string(Set(call.failures).map(\.rawValue).sorted().joined(separator: ","))
    }
    let operation = AuditLog.Operation(
      requestID: call.options.requestID, principal: call.options.principal, tool: call.tool,
      targets: call.summary.asked,
      outcome: call.outcome.rawValue, duration: call.duration)
    audit.record(operation, facts: facts)
  }
}
