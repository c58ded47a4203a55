import AgentAPI
import Logging
import MCP
import Synchronization
import Testing

@testable import Coordinator

@Suite struct AgentDirectoryTests {
  @Test func aCallBeforeTheFirstInventoryWaits() async throws {
    let agent = VirtualAgent(hosts: [("web1", VirtualHost(["/a": "x"]))])
    agent.state.withLock { $0.silence = .milliseconds(300) }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("read", ["target": "web1:/a"])
      #expect(!outcome.isError, "\(outcome.text)")
    }
  }

  @Test func aKnownNameDoesNotWaitForOtherAgents() async throws {
    let agent = VirtualAgent(segment: "dc1", hosts: [("web1", VirtualHost(["/a": "x"]))])
    let late = VirtualAgent(segment: "dc2", hosts: [("web2", VirtualHost(["/a": "x"]))])
    late.state.withLock { $0.silence = .seconds(3600) }
    try await withCoordinator(agent, late, patience: .seconds(3600)) { core in
      let outcome = try await core.call("read", ["target": "web1:/a", "timeout_ms": 60000])
      #expect(!outcome.isError)
    }
  }

  @Test func patienceWithASilentAgentEnds() async throws {
    let agent = VirtualAgent(segment: "dc1", hosts: [("web1", VirtualHost(["/a": "x"]))])
    let dead = VirtualAgent(segment: "dc2")
    dead.state.withLock { state in
      state.watchFailure = AgentError(code: .unreachable, message: "connection refused", scope: .agent)
      state.describeFailure = state.watchFailure
    }
    try await withCoordinator(agent, dead, patience: .milliseconds(200)) { core in
      let outcome = try await core.call("read", ["targets": ["web1:/a", "dc2/db1:/a"]])
      #expect(outcome.structured?["failures"]?[0]?["code"] == "unreachable")
      #expect(outcome.text.contains("Agent agent2 (segment dc2) has not reported its hosts: connection refused."))
      let hosts = try await core.call("hosts", [:])
      #expect(hosts.structured?["agents"]?[1]?["healthy"] == false)
      #expect(hosts.structured?["agents"]?[1]?["failure"] == "connection refused")
    }
  }

  @Test func describeStandsInForAWatchThatFails() async throws {
    let agent = VirtualAgent(hosts: [("web1", VirtualHost(["/a": "x"]))])
    agent.state.withLock { $0.watchFailure = AgentError(code: .internal, message: "no such method") }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("read", ["target": "web1:/a"])
      #expect(!outcome.isError)
    }
  }

  @Test func stateFollowsEvents() {
    let link = AgentLink(name: "a", segment: "", service: VirtualAgent())
    var state = DirectoryState(links: [link])
    let start = ContinuousClock.now
    #expect(state.unheard == 1)
    #expect(state.failing == 0)
    #expect(!state.isHealthy(0, at: start))
    state.linkLost(0, reason: "it is away")
    #expect(state.unheard == 1 && state.failing == 1)
    // Nobody waits for one that says that it cannot.
    state.linkLost(0, reason: "its ssh_config is broken", isUnable: true)
    #expect(state.unheard == 0 && state.failing == 0)
    var host = HostInfo()
    host.alias = "web1"
    host.hostName = "10.0.0.1"
    host.port = 22
    host.user = "ops"
    host.state.status = .online
    host.state.ageMs = 500
    host.state.p50Ms = 2.5
    var reply = DescribeReply()
    reply.segment = "dc7"
    reply.hosts = [host]
    state.inventoryReceived(reply, from: 0, at: start)
    #expect(state.unheard == 0)
    #expect(state.roster.hosts.map(\.id) == [HostID(segment: "dc7", alias: "web1")])
    #expect(state.isHealthy(0, at: start + .seconds(2)))
    #expect(!state.isHealthy(0, at: start + .seconds(4)))
    let report = DirectoryReport(state, state.roster, at: start + .milliseconds(1500))
    #expect(report.hosts[0].ageMS == 2000)
    #expect(report.hosts[0].address == "ops@10.0.0.1:22")
    #expect(report.hosts[0].p50MS == 2.5)
    var heartbeat = Heartbeat()
    heartbeat.draining = true
    state.heartbeatReceived(heartbeat, from: 0, at: start + .seconds(3))
    #expect(!state.isHealthy(0, at: start + .seconds(3)))
    state.linkLost(0, reason: "reset")
    #expect(state.roster.hosts.count == 1)
    #expect(state.agents[0].failure == "reset")
    host.state.ageMs = -1
    state.hostsChanged([host], from: 0, at: start + .seconds(5))
    #expect(DirectoryReport(state, state.roster, at: start + .seconds(6)).hosts[0].ageMS == nil)
  }

  @Test func aChangedInventoryIsMerged() {
    func host(_ alias: String) -> HostInfo {
      var host = HostInfo()
      host.alias = alias
      return host
    }
    let link = AgentLink(name: "a", segment: "dc1", service: VirtualAgent())
    var state = DirectoryState(links: [link])
    let start = ContinuousClock.now
    var change = InventoryChange()
    change.removed = ["b"]
    change.placed = [(0, "x"), (2, "b"), (900, "y")].map { index, alias in
      var placed = PlacedHost()
      placed.index = UInt32(index)
      placed.host = host(alias)
      return placed
    }
    // Without a whole one before it, a change says nothing.
    state.inventoryChanged(change, from: 0, at: start)
    #expect(state.roster.hosts.isEmpty && state.unheard == 1)
    var reply = DescribeReply()
    reply.hosts = ["a", "b", "c"].map(host)
    state.inventoryReceived(reply, from: 0, at: start)
    state.inventoryChanged(change, from: 0, at: start)
    #expect(state.roster.hosts.map(\.id.alias) == ["x", "a", "b", "c", "y"])
    #expect(state.agents[0].hosts.count == 5)
    change = InventoryChange()
    change.removed = ["c", "nobody"]
    state.inventoryChanged(change, from: 0, at: start)
    #expect(state.roster.hosts.map(\.id.alias) == ["x", "a", "b", "y"])
    #expect(state.agents[0].hosts["c"] == nil)
  }

  @Test func phasesAndBreakersAreShownAndTellWhatIsUsual() async throws {
    let agent = VirtualAgent(hosts: [("web1", VirtualHost(["/a": "x"])), ("web2", VirtualHost(["/a": "x"]))])
    agent.change("web1") { host in
      host.p50 = 4
      host.reported.status = .offline
      host.reported.breaker = .open
      host.reported.retryInMs = 60_000
      host.reported.phases = [(Phase.tcp, 1.0), (.keyExchange, 20.0)].map { phase, p50 in
        var figures = PhaseFigures()
        figures.phase = phase
        figures.count = 3
        figures.p50Ms = p50
        figures.p95Ms = p50 * 2
        return figures
      }
      host.failure = AgentError(code: .connectTimeout, message: "silence", phase: "key exchange")
    }
    try await withCoordinator(agent) { core in
      let read = try await core.call("read", ["target": "*:/a"])
      #expect(read.structured?["failures"]?[0]?["usual_ms"] == 20.0)
      agent.change("web1") { $0.failure = AgentError(code: .timeout, message: "silence", phase: "operation") }
      let slow = try await core.call("read", ["target": "*:/a"])
      #expect(slow.structured?["failures"]?[0]?["usual_ms"] == 4.0)

      let hosts = try await core.call("hosts", [:])
      let web1 = hosts.structured?["hosts"]?[0]
      #expect(web1?["phases"]?["key_exchange"] == ["p50_ms": 20.0, "p95_ms": 40.0])
      #expect(web1?["phases"]?["tcp"]?["p50_ms"] == 1.0)
      #expect(web1?["breaker"] == "open")
      #expect(hosts.text.contains("next attempt in "))
      #expect(hosts.structured?["hosts"]?[1]?["breaker"] == nil)
    }
  }
}
