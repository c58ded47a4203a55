/// The lanes of one connection: which are open, which are held, by which lease. A value.
///
/// Sessions (SFTP lanes and commands) are bounded by `limit`, tunnels by `tunnelLimit`; both are channels, but sshd
/// counts only the first against `MaxSessions`.
struct LaneTable: Sendable {
  private enum Lane {
    /// Can transition to: opening, held (command, tunnel).
    case empty
    /// An SFTP channel is being opened. Can transition to: idle, empty.
    case opening
    /// An SFTP channel waits for its next holder. Can transition to: held (files), closing, empty.
    case idle
    /// Can transition to: idle (files, sound), closing (files, broken), empty (command, tunnel).
    case held(LeaseKind, number: UInt64)
    /// The channel is being closed and still counts with the peer. Can transition to: empty.
    case closing
  }

  /// Sessions that the peer is known to allow. Falls when it refuses one beside others that are open.
  private(set) var limit: Int
  private let tunnelLimit: Int
  private var lanes: [Lane] = []
  private var empty: [Int] = []
  /// Open lanes without holder; the last one is the warmest.
  private var idleLanes: [Int] = []

  private(set) var opening = 0
  private(set) var closing = 0
  private(set) var sessionsHeld = 0
  private(set) var tunnelsHeld = 0
  /// The most sessions held at once since `peakTaken`.
  private var peak = 0

  init(limit: Int, tunnelLimit: Int) {
    self.limit = limit
    self.tunnelLimit = tunnelLimit
  }

  var idle: Int { idleLanes.count }
  var held: Int { sessionsHeld + tunnelsHeld }
  /// Channels that the peer counts.
  var sessions: Int { sessionsHeld + opening + idle + closing }
  /// Sessions that can still be added.
  var room: Int { limit - sessions }

  /// A lane for `kind`, held by lease `number` from now on; nil where none is to be had at once.
  mutating func take(_ kind: LeaseKind, number: UInt64) -> Int? {
    let lane: Int
    switch kind {
    case .files:
      guard let warmest = idleLanes.popLast() else { return nil }
      lane = warmest
      sessionsHeld += 1
    case .command:
      guard room > 0 else { return nil }
      lane = place()
      sessionsHeld += 1
    case .tunnel:
      guard tunnelsHeld < tunnelLimit else { return nil }
      lane = place()
      tunnelsHeld += 1
    }
    lanes[lane] = .held(kind, number: number)
    peak = max(peak, sessionsHeld)
    return lane
  }

  /// What became of a lane that was given back.
  enum Return {
    case free
    /// An SFTP channel that must not be used again: close it, and say so with `closed`.
    case mustClose
    /// No such lease is out.
    case unknown
  }

  mutating func giveBack(_ lease: Lease, sound: Bool) -> Return {
    let lane = lease.lane.number
    guard lanes.indices.contains(lane), case .held(let kind, let number) = lanes[lane], number == lease.number else {
      return .unknown
    }
    switch kind {
    case .files:
      sessionsHeld -= 1
      if sound {
        lanes[lane] = .idle
        idleLanes.append(lane)
        return .free
      }
      lanes[lane] = .closing
      closing += 1
      return .mustClose
    case .command:
      sessionsHeld -= 1
    case .tunnel:
      tunnelsHeld -= 1
    }
    vacate(lane)
    return .free
  }

  /// A lane whose SFTP channel is to be opened now; nil where the limit is reached.
  mutating func startOpening() -> Int? {
    guard room > 0 else { return nil }
    let lane = place()
    lanes[lane] = .opening
    opening += 1
    return lane
  }

  /// True if the lane was being opened.
  mutating func opened(_ lane: Int) -> Bool {
    guard lanes.indices.contains(lane), case .opening = lanes[lane] else { return false }
    opening -= 1
    lanes[lane] = .idle
    idleLanes.append(lane)
    return true
  }

  /// True if the lane was being opened. Where other sessions are open the peer allows no more than those: the limit
  /// falls to their number.
  mutating func openFailed(_ lane: Int) -> Bool {
    guard lanes.indices.contains(lane), case .opening = lanes[lane] else { return false }
    opening -= 1
    vacate(lane)
    limit = max(1, min(limit, sessions))
    return true
  }

  /// The peer allows no more sessions than are open now. False where none is: then it allows none at all.
  mutating func refusedBesideOthers() -> Bool {
    guard sessions > 0 else { return false }
    limit = min(limit, sessions)
    return true
  }

  /// The lane's channel is gone. A held lane stays with its holder, who gives it back broken.
  mutating func closed(_ lane: Int) {
    guard lanes.indices.contains(lane) else { return }
    switch lanes[lane] {
    case .closing:
      closing -= 1
      vacate(lane)
    case .idle:
      idleLanes.removeAll { $0 == lane }
      vacate(lane)
    case .empty, .opening, .held:
      return
    }
  }

  /// An idle lane that is to be closed now, the coldest first.
  mutating func startClosing() -> Int? {
    guard !idleLanes.isEmpty else { return nil }
    let lane = idleLanes.removeFirst()
    lanes[lane] = .closing
    closing += 1
    return lane
  }

  /// Idle lanes beyond what was in use at once since the last call; one is always kept.
  mutating func surplus() -> Int {
    let needed = max(1, peak)
    peak = sessionsHeld
    return max(0, min(idle, sessionsHeld + idle - needed))
  }

  private mutating func place() -> Int {
    if let used = empty.popLast() { return used }
    lanes.append(.empty)
    return lanes.count - 1
  }

  private mutating func vacate(_ lane: Int) {
    lanes[lane] = .empty
    empty.append(lane)
  }
}
