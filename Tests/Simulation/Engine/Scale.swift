import Routing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What one choice costs, and what a fleet takes in memory. A value: one row of the table.
package struct Scale: Sendable {
  package let agents: Int
  package let hosts: Int
  /// Agents that advertise each host.
  package let ways: Int
  /// Of a choice with its attempt's beginning and end.
  package let nanosecondsPerCall: Double
  /// Of a choice alone.
  package let nanosecondsPerPick: Double
  /// Of taking in an agent's inventory in which one host is another than before.
  package let microsecondsPerChange: Double
  /// Resident bytes that the fleet added; nil where the system does not tell.
  package let bytes: Int?

  /// The sizes that are shown: a laptop, a company, and more than there will be.
  package static let sizes = [
    (1, 50, 1), (100, 10_000, 2), (10, 10_000, 10), (100, 100_000, 3), (1_000, 100_000, 100),
  ]

  package init(agents: Int, hosts: Int, ways: Int, calls: Int = 200_000) throws {
    (self.agents, self.hosts, self.ways) = (agents, hosts, ways)
    let before = Self.resident()
    var router = Router(random: Mix64(seed: 1))
    var now = Timestamp.zero
    for agent in 0..<agents {
      router.agentJoined(agent, name: "agent-\(agent)", now: now)
      router.inventoryReceived(agent, Self.inventory(of: agent, agents, hosts, ways), now: now)
    }
    bytes = before.flatMap { before in Self.resident().map { max(0, $0 - before) } }
    let indices = (0..<hosts).compactMap { router.host(named: World.name($0)) }
    var random = Mix64(seed: 2)
    var took: [Duration] = []
    for isWhole in [true, false] {
      let began = ContinuousClock.now
      for _ in 0..<calls {
        now = now.advanced(by: .microseconds(100))
        let choice = try router.pick(indices[Int(random.next() % UInt64(indices.count))], .stat, now: now)
        guard isWhole else { continue }
        let attempt = router.attemptStarted(choice, now: now)
        router.attemptEnded(attempt, .answered(AttemptTimings()), now: now.advanced(by: .milliseconds(2)))
      }
      took.append(ContinuousClock.now - began)
    }
    var own = Self.inventory(of: 0, agents, hosts, ways)
    let began = ContinuousClock.now
    let changes = 20
    for change in 0..<changes {
      own[change % own.count] = AdvertisedHost("new-\(change)", isWarm: false)
      router.inventoryReceived(0, own, now: now)
    }
    microsecondsPerChange = (ContinuousClock.now - began).inSeconds * 1e6 / Double(changes)
    nanosecondsPerCall = took[0].inSeconds * 1e9 / Double(calls)
    nanosecondsPerPick = took[1].inSeconds * 1e9 / Double(calls)
  }

  /// Every host at `ways` agents, one after the other.
  private static func inventory(of agent: Int, _ agents: Int, _ hosts: Int, _ ways: Int) -> [AdvertisedHost] {
    (0..<hosts).filter { (agent - $0 % agents + agents) % agents < ways }
      .map { AdvertisedHost(World.name($0), isWarm: true) }
  }

  package static let head = """
    | agents | hosts | agents per host | ns per choice | ns per call | us per changed inventory | memory MB |
    |---|---|---|---|---|---|---|
    """

  package var markdown: String {
    let memory = bytes.map { "\(Double($0 / 100_000) / 10)" } ?? ""
    return "| \(agents) | \(hosts) | \(ways) | \(Int(nanosecondsPerPick)) | \(Int(nanosecondsPerCall)) | "
      + "\(Int(microsecondsPerChange)) | \(memory) |"
  }

  private static func resident() -> Int? {
    #if os(Linux)
      guard let file = fopen("/proc/self/statm", "r") else { return nil }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 256)
      guard let read = fgets(&line, 256, file) else { return nil }
      let fields = String(cString: read).split(separator: " ")
      return fields.count > 1 ? Int(fields[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
    #else
      return nil
    #endif
  }
}
