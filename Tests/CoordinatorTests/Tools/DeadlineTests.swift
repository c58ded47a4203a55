import AgentAPI
import MCP
import Synchronization
import Telemetry
import TestFleet
import Testing

@testable import Coordinator

@Suite struct DeadlineTests {
  @Test func oneDeadHostDelaysNobodyBeyondTheDeadline() async throws {
    let agent = VirtualAgent(hosts: (1...100).map { ("web\($0)", VirtualHost(["/a": "x"])) })
    agent.change("web50") { host in
      host.hangs = true
      host.p50 = 4
    }
    try await withCoordinator(agent) { core in
      let start = ContinuousClock.now
      let outcome = try await core.call("read", ["target": "*:/a", "timeout_ms": 1000])
      let took = ContinuousClock.now - start
      #expect(took >= .milliseconds(1000))
      #expect(took < .seconds(20))
      #expect(outcome.structured?["summary"] == ["asked": 100, "ok": 99, "failed": 1])
      let failure = outcome.structured?["failures"]?[0]
      #expect(failure?["host"] == "web50")
      #expect(failure?["code"] == "timeout")
      #expect(failure?["phase"] == "operation")
      #expect(failure?["elapsed_ms"] == 1000)
      #expect(failure?["usual_ms"] == 4.0)
      #expect(agent.state.withLock { $0.inFlight } == 0)
      #expect(agent.state.withLock { $0.cancelled } == 1)
    }
  }

  @Test func theAgentIsToldToEndABitEarlier() {
    let settings = CallSettings()
    let start = ContinuousClock.now
    #expect(settings.agentDeadline(start: start, timeout: .seconds(30)) == start + .milliseconds(29_900))
    #expect(settings.agentDeadline(start: start, timeout: .milliseconds(100)) == start + .milliseconds(90))
  }

  @Test func cancellationReachesTheHosts() async throws {
    let agent = VirtualAgent(hosts: (1...30).map { ("web\($0)", VirtualHost(["/a": "x"])) })
    for index in 1...30 { agent.change("web\(index)") { $0.hangs = true } }
    try await withCoordinator(agent) { core in
      let call = Task { try await core.call("read", ["target": "*:/a"]) }
      try await until { agent.state.withLock { $0.inFlight } == 30 }
      call.cancel()
      let outcome = try await call.value
      #expect(outcome.isError)
      #expect(outcome.text.contains("[cancelled]"))
      #expect(agent.state.withLock { $0.inFlight } == 0)
      #expect(agent.state.withLock { $0.cancelled } == 30)
    }
  }

  @Test func concurrencyIsBounded() async throws {
    var settings = CallSettings()
    settings.width = 8
    settings.concurrency = 12
    let agent = VirtualAgent(hosts: (1...60).map { ("web\($0)", VirtualHost(["/a": "x"])) })
    for index in 1...60 { agent.change("web\(index)") { $0.delay = .milliseconds(1) } }
    try await withCoordinator(agent, settings: settings) { core in
      try await withThrowingTaskGroup(of: MCPToolOutcome.self) { group in
        for _ in 0..<5 { group.addTask { try await core.call("read", ["target": "*:/a"]) } }
        for try await outcome in group { #expect(outcome.structured?["summary"]?["ok"] == 60) }
      }
      #expect(agent.state.withLock { $0.mostInFlight } <= 12)
      #expect(agent.state.withLock { $0.calls } == 300)
    }
  }

  @Test func aThousandHosts() async throws {
    let agent = VirtualAgent(hosts: (1...1000).map { ("h\($0)", VirtualHost(["/a": $0 % 100 == 0 ? "odd" : "even"])) })
    agent.change("h777") { $0.failure = AgentError(code: .authFailed, message: "no key") }
    let registry = MetricsRegistry()
    try await withCoordinator(agent, metrics: registry) { core in
      let reports = Mutex(0)
      let outcome = try await core.call("read", ["target": "*:/a"]) { _, total, _ in
        #expect(total == 1000)
        reports.withLock { $0 += 1 }
      }
      #expect(outcome.structured?["summary"] == ["asked": 1000, "ok": 999, "failed": 1])
      #expect(outcome.structured?["groups"]?[0]?["hosts"]?.array?.count == 989)
      #expect(outcome.structured?["groups"]?[1]?["hosts"]?.array?.first == "h100")
      #expect(reports.withLock { $0 } == 1000)
      let text = registry.prometheusText()
      #expect(text.contains(#"scout_hosts_asked_total{tool="read",outcome="ok"} 999"#), "\(text)")
      #expect(text.contains(#"scout_hosts_asked_total{tool="read",outcome="auth_failed"} 1"#))
    }
  }
}
