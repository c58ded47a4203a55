package import AgentAPI

/// Why one host did not answer. A value; always names the host.
package struct HostFailure: Error, Sendable, Hashable {
  package var host: String
  /// Only where the call asks for several paths.
  package var path: String?
  package var code: FailureCode
  /// What happened and what to do next.
  package var message: String
  package var phase: String?
  package var elapsedMS: Int?
  /// What is usual on this host (its median), beside a timeout.
  package var usualMS: Double?

  package init(
    host: String, path: String? = nil, code: FailureCode, message: String, phase: String? = nil, elapsedMS: Int? = nil,
    usualMS: Double? = nil
  ) {
    self.host = host
    self.path = path
    self.code = code
    self.message = message
    self.phase = phase
    self.elapsedMS = elapsedMS
    self.usualMS = usualMS
  }

  package init(host: String, path: String?, _ error: AgentError, usualMS: Double?) {
    // The coordinator checks arguments itself: an agent that finds fault with them has found a fault of Scout's.
    let code = error.code == .invalidArgument ? .internal : error.code
    self.init(
      host: host, path: path, code: code, message: error.message, phase: error.phase,
      elapsedMS: error.elapsed.map(\.wholeMilliseconds),
      usualMS: error.code == .timeout || error.code == .connectTimeout ? usualMS : nil)
  }
}

extension Duration {
  /// Rounded down.
  package var wholeMilliseconds: Int {
    Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
