/// The attempts under way, found by name in constant time, and each agent's oldest by kind of operation, those on cold
/// connections apart. A value.
struct AttemptTable: Sendable {
  struct Attempt: Sendable {
    var agent: Int32 = -1
    var host = HostIndex(position: -1, generation: 0)
    var operation = OperationKind.stat
    var isProbe = false
    /// A retry or a hedge: not sampled for the round trip (Karn's rule).
    var isFurther = false
    /// The sample was taken; it no longer counts as waiting.
    var isAccepted = false
    var isWarm = true
    var started = Timestamp.zero
    var timeout = 0.0
    fileprivate var previous: Int32 = -1
    fileprivate var next: Int32 = -1
    fileprivate var generation: UInt32 = 0
  }

  private struct Line: Sendable {
    var first: Int32 = -1
    var last: Int32 = -1
  }

  private static let linesPerAgent = 2 * OperationKind.allCases.count

  private var attempts: [Attempt] = []
  private var free: [Int32] = []
  /// By agent, then by kind, then warm before cold.
  private var lines: [Line] = []

  var count: Int { attempts.count - free.count }

  /// Makes room for an agent's lines.
  mutating func makeRoom(agents: Int) {
    while lines.count < agents * Self.linesPerAgent { lines.append(Line()) }
  }

  mutating func insert(_ attempt: Attempt) -> AttemptID {
    let position: Int32
    if let free = free.popLast() {
      position = free
    } else {
      position = Int32(attempts.count)
      attempts.append(Attempt())
    }
    let generation = attempts[Int(position)].generation &+ 1
    attempts[Int(position)] = attempt
    attempts[Int(position)].generation = generation
    let line = lineIndex(attempt)
    attempts[Int(position)].previous = lines[line].last
    if lines[line].last >= 0 {
      attempts[Int(lines[line].last)].next = position
    } else {
      lines[line].first = position
    }
    lines[line].last = position
    return AttemptID(position: position, generation: generation)
  }

  /// nil: it has ended.
  subscript(id: AttemptID) -> Attempt? {
    guard attempts.indices.contains(Int(id.position)) else { return nil }
    let attempt = attempts[Int(id.position)]
    return attempt.generation == id.generation && attempt.agent >= 0 ? attempt : nil
  }

  /// Takes it out of its line: it is no longer waited for.
  mutating func accept(_ id: AttemptID) {
    guard let attempt = self[id], !attempt.isAccepted else { return }
    unlink(attempt)
    attempts[Int(id.position)].isAccepted = true
  }

  mutating func remove(_ id: AttemptID) -> Attempt? {
    guard let attempt = self[id] else { return nil }
    if !attempt.isAccepted { unlink(attempt) }
    attempts[Int(id.position)].agent = -1
    free.append(id.position)
    return attempt
  }

  /// When the agent's oldest attempt of this kind that still waits began.
  func oldest(agent: Int, _ kind: OperationKind, isWarm: Bool) -> Timestamp? {
    let first = lines[Self.lineIndex(agent, kind, isWarm)].first
    return first < 0 ? nil : attempts[Int(first)].started
  }

  private static func lineIndex(_ agent: Int, _ kind: OperationKind, _ isWarm: Bool) -> Int {
    agent * linesPerAgent + 2 * Int(kind.rawValue) + (isWarm ? 0 : 1)
  }

  private func lineIndex(_ attempt: Attempt) -> Int {
    Self.lineIndex(Int(attempt.agent), attempt.operation, attempt.isWarm)
  }

  private mutating func unlink(_ attempt: Attempt) {
    let line = lineIndex(attempt)
    if attempt.previous >= 0 {
      attempts[Int(attempt.previous)].next = attempt.next
    } else {
      lines[line].first = attempt.next
    }
    if attempt.next >= 0 {
      attempts[Int(attempt.next)].previous = attempt.previous
    } else {
      lines[line].last = attempt.previous
    }
  }
}
