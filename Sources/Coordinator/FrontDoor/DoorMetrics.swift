package import Telemetry

/// What the front doors count. Sendable: every figure is behind its own lock or atomic.
package final class DoorMetrics: Sendable {
  /// Why a request was turned away before it reached MCP.
  enum Refusal: String, CaseIterable { case credentials, origin, rate, body, concurrency }

  let calls: CounterFamily
  let callSeconds: HistogramFamily
  let callsInFlight = LevelGauge()
  let streams = LevelGauge()
  let connections = LevelGauge()
  private let refused: CounterFamily
  private let responses: CounterFamily

  package init(registry: MetricsRegistry) {
    calls = registry.counter(
      "scout_mcp_calls_total", help: "Tool calls that have ended.", labels: ["tool", "outcome"])
    callSeconds = registry.histogram(
      "scout_mcp_call_seconds", help: "How long tool calls took.", labels: ["tool"])
    refused = registry.counter(
      "scout_http_refused_total", help: "HTTP requests turned away at the door.", labels: ["cause"])
    responses = registry.counter("scout_http_responses_total", help: "HTTP answers begun.", labels: ["status"])
    for cause in Refusal.allCases { refused[cause.rawValue].increment(by: 0) }
    let (callsInFlight, streams, connections) = (callsInFlight, streams, connections)
    registry.gauge("scout_mcp_calls_in_flight", help: "Tool calls running now.") { Double(callsInFlight.value) }
    registry.gauge("scout_http_streams", help: "Open GET streams of legacy sessions.") { Double(streams.value) }
    registry.gauge("scout_http_connections", help: "Open client connections.") { Double(connections.value) }
  }

  func refused(_ cause: Refusal) { refused[cause.rawValue].increment() }

  func answered(status: Int) { responses[String(status)].increment() }
}
