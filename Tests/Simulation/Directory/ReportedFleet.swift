import AgentAPI

/// What agents would report of hosts that are in use, as `Agent` words it: names, labels and figures of a usual length. A value.
struct ReportedFleet {
  let agents: Int
  let hosts: Int
  /// Agents that advertise each host.
  let ways: Int

  func name(_ agent: Int) -> String { "agent-\(agent)" }

  /// Every host at `ways` agents, one after the other.
  func hosts(of agent: Int) -> [Int] {
    (0..<hosts).filter { (agent - $0 % agents + agents) % agents < ways }
  }

  func inventory(of agent: Int) -> DescribeReply {
    var reply = DescribeReply()
    reply.agentName = name(agent)
    reply.segment = "dc1"
    reply.version = "1.0.0"
    reply.protocolVersion = AgentProtocol.version
    reply.hosts = hosts(of: agent).map { host($0) }
    return reply
  }

  /// - Parameter look: figures of different looks differ.
  func host(_ number: Int, look: Int = 0) -> HostInfo {
    var info = HostInfo()
    info.alias = "web-\(number)"
    info.hostName = "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)"
    info.port = 22
    info.user = "ops"
    info.labels = ["role": "web", "env": "production"]
    info.state.status = .online
    info.state.ageMs = Int64(look % 1_000)
    info.state.p50Ms = 1.25 + Double(look % 8) / 8
    info.state.p95Ms = 2.5 + Double(look % 8) / 8
    info.state.phases = [Phase.queue, .tcp, .keyExchange, .authentication].map { phase in
      var figures = PhaseFigures()
      figures.phase = phase
      figures.count = 32
      figures.p50Ms = 3.125
      figures.p95Ms = 6.25
      return figures
    }
    info.state.connected = true
    return info
  }

  /// - Parameter counts: with what the pool counted, as every tenth one at most is.
  func heartbeat(_ look: Int, counts: Bool) -> Heartbeat {
    var heartbeat = Heartbeat()
    heartbeat.pool.bound = 256
    heartbeat.pool.idle = 180
    heartbeat.pool.leased = 20
    heartbeat.pool.lanesLeased = 20
    heartbeat.pool.hits = 1_000_000 + UInt64(look)
    heartbeat.pool.misses = 10_000
    heartbeat.load.inFlight = 20
    heartbeat.load.limit = 64
    heartbeat.load.started = 1_010_000 + UInt64(look)
    if counts {
      heartbeat.counts.closed = ["idle": 5_000, "lifetime": 4_000, "evicted": 800]
      heartbeat.counts.connectionsMade = 10_000
      heartbeat.counts.acquireWait = summary
      for part in ["tcp", "key_exchange", "authentication", "total"] { heartbeat.counts.handshakes[part] = summary }
    }
    return heartbeat
  }

  private var summary: DurationSummary {
    var summary = DurationSummary()
    summary.count = 10_000
    summary.sumUs = 350_000_000
    summary.p50Us = 30_000
    summary.p95Us = 60_000
    summary.p99Us = 90_000
    return summary
  }
}
