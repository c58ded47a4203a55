import Logging
import MCP
import Telemetry

/// Runs one tool call and counts it: the same for both front doors. A value.
struct CallRunner: Sendable {
  let provider: any MCPToolProvider
  let metrics: DoorMetrics
  let logger: Logger

  typealias Progress = @Sendable (_ done: Double, _ total: Double?, _ message: String) -> Void

  /// Never fails: what the tool throws is part of the result. Task cancellation cancels the call.
  func run(
    _ call: MCPCall, principal: String, log: @escaping @Sendable (MCPLogMessage) -> Void,
    progress: @escaping Progress
  ) async -> MCPCallResult {
    let started = ContinuousClock.now
    metrics.callsInFlight.add(1)
    defer { metrics.callsInFlight.add(-1) }
    let context = MCPCallContext(
      requestID: RequestID.mint(), principal: principal, progress: call.wantsProgress ? progress : nil,
      log: call.logLevel == nil ? nil : log)
    let result: MCPCallResult
    do throws(MCPInvalidParams) {
      result = .success(try await provider.call(call.name, arguments: call.arguments, context: context))
    } catch {
      result = .failure(error)
    }
    let outcome = Self.outcome(of: result)
    let elapsed = ContinuousClock.now - started
    metrics.calls[call.name, outcome].increment()
    metrics.callSeconds[call.name].observe(elapsed)
    logger.debug(
      "call done",
      metadata: [
        "request_id": "\(context.requestID)", "principal": "\(principal)", "tool": "\(call.name)",
        "outcome": "\(outcome)", "ms": "\(elapsed.milliseconds)",
      ])
    return result
  }

  private static func outcome(of result: MCPCallResult) -> String {
    if Task.isCancelled { return "cancelled" }
    return switch result {
    case .success(let outcome): outcome.isError ? "error" : "ok"
    case .failure: "invalid"
    }
  }
}
