import AgentAPI
package import Logging
import MCP
package import Telemetry

/// Notes each tool call that ended: hosts by outcome, and the audit line. A value. (How many calls and how long they took is
/// counted where they come in, at the front doors.)
package struct CallObserver: Sendable {
  /// A call, as far as it is noted.
  struct Ended {
    var tool: String
    var arguments: JSONObject
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

  /// What is logged of a call beside its audit line. A value.
  package struct LogSettings: Sendable {
    /// SCOUT_SLOW_THRESHOLD_MS: a call that took longer is a warning; nil: none is.
    package var slowThreshold: Duration?
    /// SCOUT_LOG_PAYLOADS: each call's arguments, cut to `payloadLimit` bytes.
    package var payloads = false

    package init() {}

    static let payloadLimit = 2048
  }

  private let audit: AuditLog?
  private let logger: Logger
  private let log: LogSettings
  private let hosts: CounterFamily?

  /// - Parameters:
  ///   - metrics: nil counts nothing.
  ///   - audit: nil writes no lines (commands at a terminal).
  package init(
    metrics: MetricsRegistry?, audit: AuditLog?,
    logger: Logger = Logger(label: "scout", factory: { _ in SwiftLogNoOpLogHandler() }),
    log: LogSettings = LogSettings()
  ) {
    self.audit = audit
    self.logger = logger
    self.log = log
    hosts = metrics?.counter(
      "scout_hosts_asked_total", help: "Hosts that tool calls asked, by what came of it: ok or a failure code.",
      labels: ["tool", "outcome"])
  }

  func ended(_ call: Ended) {
    if let hosts {
      if call.summary.ok > 0 { hosts[call.tool, "ok"].increment(by: UInt64(call.summary.ok)) }
      for code in call.failures { hosts[call.tool, code.rawValue].increment() }
    }
    note(call)
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

  private func note(_ call: Ended) {
    if let threshold = log.slowThreshold, call.duration > threshold {
      logger.warning(
        "slow call",
        metadata: [
          "request_id": .string(call.options.requestID), "tool": .string(call.tool),
          "targets": .stringConvertible(call.summary.asked), "ms": .string(call.duration.milliseconds),
        ])
    }
    if log.payloads {
      let arguments = String(decoding: JSON.object(call.arguments).serialized(), as: UTF8.self)
      logger.notice(
        "payload",
        metadata: [
          "request_id": .string(call.options.requestID), "tool": .string(call.tool),
          "arguments": .string(ReadableText.shortened(arguments, limit: LogSettings.payloadLimit)),
        ])
    }
  }
}
