import AgentAPI
import Coordinator
import Routing
import Telemetry

extension AgentDirectory {
  /// The figures of every agent's link and pool, as they last reported them.
  func register(in metrics: MetricsRegistry) {
    let labels = ["agent", "segment"]
    typealias Agent = DirectoryReport.Agent
    func gauge(_ name: String, _ help: String, _ value: @escaping @Sendable (Agent) -> Double?) {
      metrics.gauges(name, help: help, labels: labels) { self.samples(value) }
    }
    func counter(_ name: String, _ help: String, _ value: @escaping @Sendable (Agent) -> Double?) {
      metrics.counters(name, help: help, labels: labels) { self.samples(value) }
    }
    gauge("scout_link_up", "1 while the agent is heard of.") { $0.isHealthy || $0.isDraining ? 1 : 0 }
    gauge("scout_agent_draining", "1 while the agent finishes what it has and takes nothing new.") {
      $0.isDraining ? 1 : 0
    }
    gauge("scout_link_heard_seconds", "Since the agent was last heard of.") { $0.heardAgoMS.map { Double($0) / 1000 } }
    gauge("scout_agent_hosts", "Hosts that the agent serves.") { Double($0.hosts) }
    gauge("scout_agent_limit", "Requests that the agent works on at once at most, at present.") {
      Double($0.load.limit)
    }
    gauge("scout_agent_in_flight", "Requests that the agent works on.") { Double($0.load.inFlight) }
    gauge("scout_agent_waiting", "Requests that wait for their turn at the agent.") { Double($0.load.waiting) }
    counter("scout_agent_shed_total", "Requests that the agent turned away.") { Double($0.load.refused) }
    gauge("scout_pool_bound", "SSH connections at most.") { Double($0.pool.bound) }
    gauge("scout_pool_starting", "SSH connections being made.") { Double($0.pool.starting) }
    gauge("scout_pool_idle", "SSH connections without a lease.") { Double($0.pool.idle) }
    gauge("scout_pool_leased", "SSH connections with a lease.") { Double($0.pool.leased) }
    gauge("scout_pool_draining", "SSH connections that are ending.") { Double($0.pool.draining) }
    gauge("scout_pool_lanes_leased", "SFTP lanes and commands in use.") { Double($0.pool.lanesLeased) }
    gauge("scout_pool_waiting", "Requests that wait for a lane.") { Double($0.pool.waiting) }
    counter("scout_pool_hits_total", "Leases served by an open lane.") { Double($0.pool.hits) }
    counter("scout_pool_misses_total", "Leases that had to wait.") { Double($0.pool.misses) }
    counter("scout_pool_connections_total", "SSH connections made.") { Double($0.counts.connectionsMade) }
    counter("scout_pool_connections_lost_total", "SSH connections that ended by themselves.") {
      Double($0.counts.connectionsLost)
    }
    counter("scout_pool_handshakes_failed_total", "SSH connections that were not made.") {
      Double($0.counts.handshakesFailed)
    }
    counter("scout_pool_evicted_in_use_total", "SSH connections closed with a lease; must be 0.") {
      Double($0.counts.evictedInUse)
    }
    counter("scout_pool_stray_returns_total", "Leases returned by nobody who had them; must be 0.") {
      Double($0.counts.strayReturns)
    }
    gauge("scout_pool_leaked_leases", "Leases out of a pool that has stopped; must be 0.") {
      Double($0.counts.leakedLeases)
    }
    registerPoolParts(in: metrics)
  }

  /// What the pools count by a label of its own.
  private func registerPoolParts(in metrics: MetricsRegistry) {
    func counter(
      _ name: String, _ help: String, by label: String, _ value: @escaping @Sendable (PoolCounts) -> [String: UInt64]
    ) {
      metrics.counters(name, help: help, labels: ["agent", "segment", label]) {
        self.agents().flatMap { agent in
          value(agent.counts).sorted { $0.key < $1.key }
            .map { MetricSample([agent.name, agent.segment, $0.key], Double($0.value)) }
        }
      }
    }
    counter("scout_pool_evictions_total", "SSH connections closed by the pool.", by: "reason") { $0.closed }
    counter("scout_pool_refusals_total", "Leases refused.", by: "cause") { $0.refused }
    metrics.summaries(
      "scout_pool_acquire_wait_seconds", help: "Waits for a lease; one served at once waited for 0 s.",
      labels: ["agent", "segment"]
    ) {
      self.agents().map { SummarySample([$0.name, $0.segment], $0.counts.acquireWait) }
    }
    metrics.summaries(
      "scout_pool_handshake_seconds", help: "Time of making an SSH connection, by its parts.",
      labels: ["agent", "segment", "phase"]
    ) {
      self.agents().flatMap { agent in
        agent.counts.handshakes.sorted { $0.key < $1.key }
          .map { SummarySample([agent.name, agent.segment, $0.key], $0.value) }
      }
    }
  }

  /// What routing has decided since the start.
  func registerRouting(in metrics: MetricsRegistry) {
    let router = router
    func counter(_ name: String, _ help: String, _ value: @escaping @Sendable (RoutingCounters) -> UInt64) {
      metrics.counters(name, help: help, labels: []) { [MetricSample([], Double(value(router.counters)))] }
    }
    counter("scout_route_calls_total", "Requests to hosts.") { $0.calls }
    counter("scout_route_attempts_total", "Attempts made for them, probes included.") { $0.attempts }
    counter("scout_route_hedges_total", "Second attempts made beside a slow one.") { $0.hedges }
    counter("scout_route_retries_total", "Attempts made after a failed one.") { $0.retries }
    counter("scout_route_probes_total", "Agents asked only to see whether they are well.") { $0.probes }
    counter("scout_route_ejections_total", "Times that an agent was taken out for its failures.") { $0.ejections }
    counter("scout_route_panic_picks_total", "Agents chosen while few of a host's were well, ejected ones among them.")
    {
      $0.picksInPanic
    }
    counter("scout_route_host_timeouts_total", "Attempts that timed out at a host while its agent answered others.") {
      $0.hostTimeouts
    }
    counter("scout_route_refused_by_budget_total", "Retries and hedges that the budgets did not pay for.") {
      $0.refusedByBudget
    }
  }

  private func samples(_ value: (DirectoryReport.Agent) -> Double?) -> [MetricSample] {
    agents().compactMap { agent in
      value(agent).map { MetricSample([agent.name, agent.segment], $0) }
    }
  }
}

extension SummarySample {
  fileprivate init(_ values: [String], _ summary: DurationSummary) {
    func seconds(_ microseconds: UInt64) -> Double { Double(microseconds) / 1_000_000 }
    let quantiles =
      summary.count == 0
      ? [] : [(0.5, seconds(summary.p50Us)), (0.95, seconds(summary.p95Us)), (0.99, seconds(summary.p99Us))]
    self.init(values, quantiles: quantiles, sum: seconds(summary.sumUs), count: summary.count)
  }
}
