import NIOCore
import Routing

@testable import Agent

/// One random life of a journal: requests, their steps, and crashes before, within and after each write. The host's effects are
/// counted. The same seed gives the same life.
struct JournalStorm {
  private var random: Mix64
  private var journal = Journal(created: 0)
  /// What a crash leaves.
  private var disk = ByteBuffer()
  private var now: Int64 = 1_000
  private var effects: [String: Int] = [:]
  /// Commands whose result was told, and it.
  private var told: [String: JournalResult] = [:]
  private var serial: UInt8 = 0
  private(set) var crashes = 0

  init(seed: UInt64) { random = Mix64(seed: seed) }

  /// The first violation, or nil.
  mutating func run() -> String? {
    for _ in 0..<(4 + random.next() % 8) {
      now += Int64(random.next() % 3)
      let id = ["a", "b", "c"][Int(random.next() % 3)]
      if let violation = step(id) { return violation }
    }
    return crash()
  }

  private mutating func step(_ id: String) -> String? {
    switch random.next() % 10 {
    case 0...3: return ask(id)
    case 4...5:
      guard let record = journal.starting(id, now: now) else { return nil }
      guard write(record) else { return crash() }
      effects[id, default: 0] += 1
      return effects[id] == 1 ? nil : "\(id) ran \(effects[id] ?? 0) times"
    case 6...7:
      serial &+= 1
      let result = JournalTests.result("\(serial)", exit: serial)
      guard let record = journal.ended(id, result, now: now) else { return nil }
      guard write(record) else { return crash() }
      told[id] = result
      return nil
    case 8:
      // Only what was never handed over is provably unstarted here.
      guard effects[id] == nil, let record = journal.withdrawn(id, now: now) else { return nil }
      return write(record) ? nil : crash()
    default: return crash()
    }
  }

  private mutating func ask(_ id: String) -> String? {
    let mayBegin = random.next() % 4 != 0
    switch journal.asked(id, body: [1], mayBegin: mayBegin, now: now) {
    case .begin(let record):
      if effects[id] != nil { return "\(id) is begun again" }
      if !mayBegin { return "\(id) was only asked for and is begun" }
      return write(record) ? nil : crash()
    case .replay(let result):
      return told[id].map { $0 == result } ?? true ? nil : "\(id) is told differently"
    case .absent: return effects[id] == nil ? nil : "\(id) ran and is absent"
    case .attach, .doubt: return nil
    case .otherBody, .full: return "\(id) is refused"
    }
  }

  /// Puts a record on the disk, unless the machine dies over it.
  private mutating func write(_ record: JournalRecord) -> Bool {
    var frame = JournalFrame.frame([record])
    if random.next() % 4 == 0 {
      let kept = Int(random.next() % UInt64(frame.readableBytes + 1))
      disk.writeImmutableBuffer(frame.getSlice(at: 0, length: kept) ?? ByteBuffer())
      return false
    }
    disk.writeBuffer(&frame)
    return true
  }

  private mutating func crash() -> String? {
    crashes += 1
    var next = Journal(created: 0)
    var rest = disk
    reading: while true {
      switch JournalFrame.next(&rest) {
      case .records(let records): for record in records { next.recovered(record) }
      case .end, .torn: break reading
      case .damaged: return "a torn write is taken for damage"
      }
    }
    disk = disk.getSlice(at: 0, length: disk.readableBytes - rest.readableBytes) ?? ByteBuffer()
    for record in next.opened(now: now) {
      var frame = JournalFrame.frame([record])
      disk.writeBuffer(&frame)
    }
    if random.next() % 8 == 0 {
      // Rewritten: what is known, and nothing else.
      disk = ByteBuffer()
      for record in next.snapshot {
        var frame = JournalFrame.frame([record])
        disk.writeBuffer(&frame)
      }
    }
    journal = next
    for (id, _) in effects {
      if case .begin = journal.asked(id, body: [1], mayBegin: true, now: now) { return "\(id) is begun after a crash" }
    }
    for (id, result) in told where journal.asked(id, body: [1], mayBegin: true, now: now) != .replay(result) {
      return "the result of \(id) is lost"
    }
    return nil
  }
}
