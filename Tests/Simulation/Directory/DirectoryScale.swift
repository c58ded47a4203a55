import AgentAPI
import Coordinator
import Simulation
import SwiftProtobuf

/// What a fleet costs the directory of each of several coordinators, and its reports on the wire. A value: one row of the table.
struct DirectoryScale {
  let coordinators: Int
  let fleet: ReportedFleet
  /// Resident bytes that the fleet's reports and the roster of them added to each; nil where the system does not tell.
  let bytes: Int?
  /// Of the first roster; milliseconds.
  let firstRoster: Double
  /// From an agent's change of one host to the roster that shows it; milliseconds, the fastest of five.
  let change: Double
  /// Of taking in a host's new state; microseconds.
  let state: Double
  /// Bytes per second from one agent to one coordinator: idle, with a tenth of its hosts in use, with all of them.
  let wire: [Double]

  static let sizes = [(1, 1, 50, 1), (1, 100, 10_000, 2), (3, 100, 10_000, 2), (1, 100, 50_000, 2)]

  init(coordinators: Int, agents: Int, hosts: Int, ways: Int) throws {
    self.coordinators = coordinators
    fleet = ReportedFleet(agents: agents, hosts: hosts, ways: ways)
    let now = ContinuousClock.now
    let links = (0..<agents).map { [fleet] in AgentLink(name: fleet.name($0), segment: "dc1", service: AbsentAgent()) }
    let before = Scale.resident()
    var directories = (0..<coordinators).map { _ in DirectoryState(links: links) }
    for agent in 0..<agents {
      // Each coordinator has its own, as it came over the wire.
      let told = try fleet.inventory(of: agent).serializedBytes() as [UInt8]
      for one in directories.indices {
        directories[one].inventoryReceived(try DescribeReply(serializedBytes: told), from: agent, at: now)
      }
    }
    let began = ContinuousClock.now
    for one in directories.indices { _ = directories[one].roster }
    firstRoster = Self.milliseconds(since: began) / Double(coordinators)
    bytes = before.flatMap { before in Scale.resident().map { max(0, $0 - before) / coordinators } }
    change = Self.change(&directories[0], fleet)
    state = Self.state(&directories[0], fleet)
    wire = try [0, 0.1, 1].map { [fleet] in try Self.wire(fleet, inUse: $0) }
  }

  private static func milliseconds(since began: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - began) / .nanoseconds(1) / 1e6
  }

  private static func change(_ directory: inout DirectoryState, _ fleet: ReportedFleet) -> Double {
    var fastest = Double.infinity
    for turn in 0..<5 {
      var placed = PlacedHost()
      placed.host = fleet.host(0)
      placed.host.alias = "new-\(turn)"
      var change = InventoryChange()
      change.placed = [placed]
      let began = ContinuousClock.now
      directory.inventoryChanged(change, from: 0, at: began)
      _ = directory.roster
      fastest = min(fastest, milliseconds(since: began))
    }
    return fastest
  }

  private static func state(_ directory: inout DirectoryState, _ fleet: ReportedFleet) -> Double {
    let hosts = fleet.hosts(of: 0)
    let told = (0..<20).map { look in hosts.map { fleet.host($0, look: look) } }
    let began = ContinuousClock.now
    for states in told { directory.hostsChanged(states, from: 0, at: began) }
    return milliseconds(since: began) * 1_000 / Double(told.count * max(1, hosts.count))
  }

  /// Over ten seconds: a heartbeat every half second, with each the states of the hosts that were used since, and every five
  /// seconds what the pool counted. gRPC's and HTTP/2's frames are counted (5 bytes a message, 9 for each 16 KiB), TLS, TCP and
  /// acknowledgements are not.
  private static func wire(_ fleet: ReportedFleet, inUse: Double) throws -> Double {
    let hosts = fleet.hosts(of: 0)
    let used = hosts.prefix(Int((Double(hosts.count) * inUse).rounded()))
    var sum = 0
    for look in 0..<20 {
      var events: [WatchEvent] = []
      if !used.isEmpty {
        var event = WatchEvent()
        event.hostStates.changed = used.map { fleet.host($0, look: look) }
        events.append(event)
      }
      var event = WatchEvent()
      event.heartbeat = fleet.heartbeat(look, counts: !used.isEmpty && look % 10 == 0)
      events.append(event)
      for event in events {
        let size = (try event.serializedBytes() as [UInt8]).count + 5
        sum += size + 9 * ((size + 16_383) / 16_384)
      }
    }
    return Double(sum) / 10
  }

  static let head = """
    | coordinators | agents | hosts | agents per host | MB each | ms, first roster | ms, one host changed | us per host's state \
    | B/s of an agent, idle | a tenth of its hosts in use | all in use |
    |---|---|---|---|---|---|---|---|---|---|---|
    """

  var markdown: String {
    let cells = [
      "\(coordinators)", "\(fleet.agents)", "\(fleet.hosts)", "\(fleet.ways)",
      bytes.map { "\(Double($0 / 100_000) / 10)" } ?? "", Self.text(firstRoster), Self.text(change), Self.text(state),
    ]
    return "| " + (cells + wire.map { "\(Int($0))" }).joined(separator: " | ") + " |"
  }

  private static func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
