package import Logging

/// Writes one structured line for each operation, whatever the log level. A value.
package struct AuditLog: Sendable {
  /// What is known of an operation when it has ended. A value.
  package struct Operation: Sendable {
    package var requestID: String
    /// Who asked: a key's name, never the key.
    package var principal: String
    package var tool: String
    /// How many hosts or paths were asked for.
    package var targets: Int
    /// `ok`, `error`, `cancelled`, ...
    package var outcome: String
    package var duration: Duration

    package init(
      requestID: String, principal: String, tool: String, targets: Int, outcome: String, duration: Duration
    ) {
      self.requestID = requestID
      self.principal = principal
      self.tool = tool
      self.targets = targets
      self.outcome = outcome
      self.duration = duration
    }
  }

  private let logger: Logger

  /// - Parameter logger: where the lines go; its level does not silence them.
  package init(logger: Logger) {
    var logger = logger
    logger.logLevel = .notice
    self.logger = logger
  }

  /// - Parameter facts: more of what happened (hosts that failed, the command's first word).
  package func record(_ operation: Operation, facts: Logger.Metadata = [:]) {
    var metadata: Logger.Metadata = [
      "request_id": .string(operation.requestID),
      "principal": .string(operation.principal),
      "tool": .string(operation.tool),
      "targets": .stringConvertible(operation.targets),
      "outcome": .string(operation.outcome),
      "ms": .string(operation.duration.milliseconds),
    ]
    metadata.merge(facts) { own, _ in own }
    logger.notice("operation", metadata: metadata)
  }
}

extension Duration {
  /// As milliseconds with one decimal, for logs.
  package var milliseconds: String {
    let tenths = components.seconds * 10_000 + components.attoseconds / 100_000_000_000_000
    return "\(tenths / 10).\(abs(tenths % 10))"
  }
}
