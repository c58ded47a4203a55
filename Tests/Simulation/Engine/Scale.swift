import Routing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What one choice costs, and what a fleet takes in the memory of the router, at each of several coordinators. A value: one row of
/// the table.
package struct Scale: Sendable {
  package let coordinators: Int
  package let agents: Int
  package let hosts: Int
  /// Agents that advertise each host.
  package let ways: Int
  /// Of a choice with its attempt's beginning and end; of this and the next the fastest of ten rounds, since whatever else the
  /// machine does can only slow them down.
  package let nanosecondsPerCall: Double
  /// Of a choice alone.
  package let nanosecondsPerPick: Double
  /// Of taking in an agent's inventory in which one host is another than before, at one coordinator.
  package let microsecondsPerChange: Double
  /// Resident bytes that the fleet added to each coordinator; nil where the system does not tell.
  package let bytes: Int?

  /// The sizes that are shown: a laptop, a company, a company with three coordinators, and more than there will be.
  package static let sizes = [
    (1, 1, 50, 1), (1, 100, 10_000, 2), (3, 100, 10_000, 2), (1, 10, 10_000, 10), (1, 100, 100_000, 3),
    (1, 1_000, 100_000, 100),
  ]
  /// Of a choice in a directory of 1,000 agents: ROUTING's target.
  private static let mostNanosecondsPerPick = 5_000.0
  /// Up to so many times the target is let pass: machines are shared, and differ.
  private static let tolerance = 2.0
  private static let rounds = 10

  /// One coordinator's knowledge of the fleet.
  private final class Coordinator {
    var router: Router
    let indices: [HostIndex]

    init(number: Int, agents: Int, hosts: Int, ways: Int) {
      var router = Router(random: Mix64(seed: UInt64(number + 1)))
      for agent in 0..<agents {
        router.agentJoined(agent, name: "agent-\(agent)", now: .zero)
        router.inventoryReceived(agent, Scale.inventory(of: agent, agents, hosts, ways), now: .zero)
      }
      indices = (0..<hosts).compactMap { router.host(named: World.name($0)) }
      self.router = router
    }
  }

  /// - Parameter calls: over all coordinators, in turn, so that each finds the processor's caches full of the others.
  package init(coordinators: Int, agents: Int, hosts: Int, ways: Int, calls: Int = 200_000) throws {
    (self.coordinators, self.agents, self.hosts, self.ways) = (coordinators, agents, hosts, ways)
    let before = Self.resident()
    let all = (0..<coordinators).map { Coordinator(number: $0, agents: agents, hosts: hosts, ways: ways) }
    bytes = before.flatMap { before in Self.resident().map { max(0, $0 - before) / coordinators } }
    var now = Timestamp.zero
    var random = Mix64(seed: 2)
    var took: [Duration] = []
    for isWhole in [true, false] {
      var fastest = Duration.seconds(3_600)
      for _ in 0..<Self.rounds {
        let began = ContinuousClock.now
        for call in 0..<calls / Self.rounds {
          now = now.advanced(by: .microseconds(100))
          let one = all[call % coordinators]
          let host = one.indices[Int(random.next() % UInt64(one.indices.count))]
          let choice = try one.router.pick(host, .stat, now: now)
          guard isWhole else { continue }
          let attempt = one.router.attemptStarted(choice, now: now)
          one.router.attemptEnded(attempt, .answered(AttemptTimings()), now: now.advanced(by: .milliseconds(2)))
        }
        fastest = min(fastest, ContinuousClock.now - began)
      }
      took.append(fastest)
    }
    var own = Self.inventory(of: 0, agents, hosts, ways)
    let began = ContinuousClock.now
    let changes = 20
    for change in 0..<changes {
      own[change % own.count] = AdvertisedHost("new-\(change)", isWarm: false)
      for one in all { one.router.inventoryReceived(0, own, now: now) }
    }
    microsecondsPerChange = (ContinuousClock.now - began).inSeconds * 1e6 / Double(changes * coordinators)
    nanosecondsPerCall = took[0].inSeconds * 1e9 * Double(Self.rounds) / Double(calls)
    nanosecondsPerPick = took[1].inSeconds * 1e9 * Double(Self.rounds) / Double(calls)
  }

  /// Every host at `ways` agents, one after the other.
  private static func inventory(of agent: Int, _ agents: Int, _ hosts: Int, _ ways: Int) -> [AdvertisedHost] {
    (0..<hosts).filter { (agent - $0 % agents + agents) % agents < ways }
      .map { AdvertisedHost(World.name($0), isWarm: true) }
  }

  package static let head = """
    | coordinators | agents | hosts | agents per host | ns per choice | ns per call | us per changed inventory | MB each |
    |---|---|---|---|---|---|---|---|
    """

  package var markdown: String {
    let memory = bytes.map { "\(Double($0 / 100_000) / 10)" } ?? ""
    return
      "| \(coordinators) | \(agents) | \(hosts) | \(ways) | \(Int(nanosecondsPerPick)) | \(Int(nanosecondsPerCall)) | "
      + "\(Int(microsecondsPerChange)) | \(memory) |"
  }

  /// What is judged of it, in words, and whether it is reached (nil: it cannot be said); nil where nothing is.
  package var verdict: (text: String, isReached: Bool?)? {
    guard agents >= 1_000 else { return nil }
    let most = Self.mostNanosecondsPerPick
    let text =
      "a choice in a directory of \(agents) agents, \(ways) for each host, the fastest of \(Self.rounds) rounds: "
      + "\(Int(nanosecondsPerPick)) ns; \(Int(most)) ns is wanted, and \(Int(Self.tolerance)) times that let pass: "
    #if DEBUG
      // An unoptimized build says nothing about it.
      return (text + "not judged, the build is not optimized", nil)
    #else
      if nanosecondsPerPick < most { return (text + "reached", true) }
      let isLetPass = nanosecondsPerPick < Self.tolerance * most
      return (text + (isLetPass ? "let pass" : "**not reached**"), isLetPass)
    #endif
  }

  /// What this program prints with these arguments, by line, in a process of its own: memory that one row has given back is taken
  /// again by the next one, and would not show. Nil where it fails.
  package static func lines(with arguments: String) -> [String]? {
    guard let output = popen("'\(CommandLine.arguments[0])' \(arguments)", "r") else { return nil }
    var text = ""
    var part = [CChar](repeating: 0, count: 4_096)
    while let read = fgets(&part, 4_096, output) { text += String(cString: read) }
    return pclose(output) == 0 ? text.split(separator: "\n").map(String.init) : nil
  }

  /// The process's memory in bytes; nil where the system does not tell.
  package static func resident() -> Int? {
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
