/// Why a request failed, in the word that a client of Scout sees.
///
/// The raw value travels in the metadata `scout-code` and appears in tool answers; it never changes. Protocol/README.md says what
/// each one means and which gRPC status it travels with; `AgentError+Wire.swift` is the one place that maps them.
package enum FailureCode: String, Sendable, CaseIterable {
  /// The agent has no such host.
  case unknownHost = "unknown_host"
  /// The host, or with scope `.agent` the agent, cannot be reached.
  case unreachable = "unreachable"
  /// It could be reached and did not finish the connection in time.
  case connectTimeout = "connect_timeout"
  case authFailed = "auth_failed"
  case hostKeyUnknown = "host_key_unknown"
  case hostKeyChanged = "host_key_changed"
  case notFound = "not_found"
  /// The account on the host may not.
  case permissionDenied = "permission_denied"
  case notADirectory = "not_a_directory"
  case notAFile = "not_a_file"
  /// The deadline passed.
  case timeout = "timeout"
  /// The agent's policy forbids it. Nothing was run.
  case refusedByPolicy = "refused_by_policy"
  /// A bound was reached; trying later may work (`AgentError.retryAfter`).
  case overloaded = "overloaded"
  /// The caller gave up.
  case cancelled = "cancelled"
  /// The connection went away in mid-request; it may have run.
  case lost = "lost"
  /// The request makes no sense, whatever the host.
  case invalidArgument = "invalid_argument"
  /// A fault of Scout's own.
  case `internal` = "internal"
}
