import DequeModule

/// What the agent knows of each command with effects, by its request id: so that one is never begun twice. A value; every
/// method takes an event and `now`, in seconds since 1970, and answers with what is to be done.
///
///     ABSENT -> ACCEPTED -> STARTED -> DONE | UNKNOWN
///                   |          |
///                   +----------+--> ABSENT, where it provably did not run
///
/// The driver writes the record of a step down before it acts on it. A journal that is read after a crash makes UNKNOWN of
/// what had STARTED; what was only ACCEPTED was never begun, so it may be.
struct Journal: Sendable {
  /// What is to be done with a request.
  enum Answer: Sendable, Hashable {
    /// It is new here: write the record down, then run it.
    case begin(JournalRecord)
    /// It is under way.
    case attach
    case replay(JournalResult)
    /// It may have run and is never run again.
    case doubt(JournalDoubt)
    /// The id belongs to another request.
    case otherBody
    /// Nothing is known of it, and it was only asked for. `isProven`: it did not run here.
    case absent(isProven: Bool)
    /// As many as the bounds allow; seconds until that may change.
    case full(retryIn: Int64)
  }

  private enum State: Sendable {
    /// `isOwned` is false where the agent that took it has ended. Can transition to: started, absent.
    case accepted(isOwned: Bool)
    /// Can transition to: done, unknown, absent.
    case started
    case done(JournalResult)
    case unknown(JournalDoubt)
  }

  private struct Entry: Sendable {
    var body: [UInt8]
    var state: State
    /// When it came to this state.
    var since: Int64
  }

  /// What may be forgotten, in the order of its age.
  private struct Ended: Sendable {
    let id: String
    let since: Int64
  }

  let settings: JournalSettings
  /// Since when it has missed nothing, in seconds since 1970.
  let created: Int64
  private var entries: [String: Entry] = [:]
  private var ended: Deque<Ended> = []
  private var withOutput: Deque<Ended> = []
  private var outputBytes = 0
  /// Commands that are accepted or started by this process.
  private(set) var running = 0

  init(settings: JournalSettings = JournalSettings(), created: Int64) {
    self.settings = settings
    self.created = created
  }

  var count: Int { entries.count }
  var keptOutput: Int { outputBytes }

  // MARK: Events

  /// - Parameter mayBegin: false where the caller knows that it was accepted before: then it is never begun.
  mutating func asked(_ id: String, body: [UInt8], mayBegin: Bool, now: Int64) -> Answer {
    forget(now)
    if let entry = entries[id] {
      guard entry.body == body else { return .otherBody }
      switch entry.state {
      case .accepted(isOwned: false):
        // It was never begun.
        guard mayBegin else { return .absent(isProven: true) }
        return begin(id, body, now)
      case .accepted, .started: return .attach
      case .done(let result): return .replay(result)
      case .unknown(let doubt): return .doubt(doubt)
      }
    }
    guard mayBegin else { return .absent(isProven: now - created >= settings.leastAge) }
    guard entries.count < settings.entries else {
      return .full(retryIn: max(1, min(settings.leastAge, (ended.first?.since ?? now) + settings.leastAge - now)))
    }
    return begin(id, body, now)
  }

  /// It is about to be handed to the host. Nil where that must not happen.
  mutating func starting(_ id: String, now: Int64) -> JournalRecord? {
    guard case .accepted(isOwned: true) = entries[id]?.state else { return nil }
    return step(id, .started, now)
  }

  mutating func ended(_ id: String, _ result: JournalResult, now: Int64) -> JournalRecord? {
    guard case .started = entries[id]?.state else { return nil }
    var result = result
    result.output = result.output.prefix(settings.keptOutput)
    return step(id, .done(result), now)
  }

  /// It failed and may have run.
  mutating func doubted(_ id: String, _ doubt: JournalDoubt, now: Int64) -> JournalRecord? {
    guard case .started = entries[id]?.state else { return nil }
    return step(id, .unknown(doubt), now)
  }

  /// It failed and provably did not run.
  mutating func withdrawn(_ id: String, now: Int64) -> JournalRecord? {
    switch entries[id]?.state {
    case .accepted(isOwned: true)?, .started?: return step(id, .withdrawn, now)
    default: return nil
    }
  }

  // MARK: After a crash

  /// A record of the file, in its order. Told twice it changes nothing; nothing goes backwards but by `withdrawn`.
  mutating func recovered(_ record: JournalRecord) {
    switch (record.step, entries[record.id]?.state) {
    case (.accepted(let body), nil):
      entries[record.id] = Entry(body: body, state: .accepted(isOwned: false), since: record.at)
    case (.started, .accepted?), (.done, .accepted?), (.done, .started?), (.unknown, .accepted?), (.unknown, .started?),
      (.withdrawn, .accepted?), (.withdrawn, .started?):
      apply(record)
    default: break
    }
  }

  /// The file was read to its end. What had started is unknown from now on; the records say so.
  mutating func opened(now: Int64) -> [JournalRecord] {
    var records: [JournalRecord] = []
    for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
      switch entry.state {
      case .started: records.append(step(id, .unknown(.agentWentDown), now))
      case .accepted: ended.append(Ended(id: id, since: entry.since))
      case .done, .unknown: break
      }
    }
    running = 0
    forget(now)
    return records
  }

  /// All that is known, as records: a file of these alone is as good.
  var snapshot: [JournalRecord] {
    entries.sorted { $0.value.since < $1.value.since }.flatMap { id, entry in
      let first = JournalRecord(id, at: entry.since, .accepted(body: entry.body))
      switch entry.state {
      case .accepted: return [first]
      case .started: return [first, JournalRecord(id, at: entry.since, .started)]
      case .done(let result): return [first, JournalRecord(id, at: entry.since, .done(result))]
      case .unknown(let doubt): return [first, JournalRecord(id, at: entry.since, .unknown(doubt))]
      }
    }
  }

  // MARK: Parts

  private mutating func begin(_ id: String, _ body: [UInt8], _ now: Int64) -> Answer {
    guard running < settings.running else { return .full(retryIn: 1) }
    entries[id] = Entry(body: body, state: .accepted(isOwned: true), since: now)
    running += 1
    return .begin(JournalRecord(id, at: now, .accepted(body: body)))
  }

  private mutating func step(_ id: String, _ step: JournalRecord.Step, _ now: Int64) -> JournalRecord {
    let record = JournalRecord(id, at: now, step)
    if case .started = step {} else { running -= 1 }
    apply(record)
    return record
  }

  private mutating func apply(_ record: JournalRecord) {
    entries[record.id]?.since = record.at
    switch record.step {
    case .accepted: break
    case .started: entries[record.id]?.state = .started
    case .withdrawn: entries[record.id] = nil
    case .done(let result):
      entries[record.id]?.state = .done(result)
      outputBytes += result.output.count
      if result.output.count > 0 { withOutput.append(Ended(id: record.id, since: record.at)) }
      ended.append(Ended(id: record.id, since: record.at))
      dropOutputs()
    case .unknown(let doubt):
      entries[record.id]?.state = .unknown(doubt)
      ended.append(Ended(id: record.id, since: record.at))
    }
  }

  private mutating func dropOutputs() {
    while outputBytes > settings.outputBytes, let oldest = withOutput.popFirst() {
      guard case .done(var result) = entries[oldest.id]?.state, entries[oldest.id]?.since == oldest.since else {
        continue
      }
      outputBytes -= result.output.count
      result.output.drop()
      entries[oldest.id]?.state = .done(result)
    }
  }

  private func mayForget(_ item: Ended, _ now: Int64) -> Bool {
    let age = now - item.since
    return age >= settings.age || (entries.count >= settings.entries && age >= settings.leastAge)
  }

  /// Drops what is too old, and what is old enough where there is no room.
  private mutating func forget(_ now: Int64) {
    while let oldest = ended.first, mayForget(oldest, now) {
      ended.removeFirst()
      guard let entry = entries[oldest.id], entry.since == oldest.since else { continue }
      switch entry.state {
      case .accepted(isOwned: true), .started: continue
      case .done(let result): outputBytes -= result.output.count
      case .unknown, .accepted: break
      }
      entries[oldest.id] = nil
    }
    while let oldest = withOutput.first, entries[oldest.id]?.since != oldest.since { withOutput.removeFirst() }
  }
}

extension JournalDoubt {
  /// The agent that ran it has ended.
  static let agentWentDown = JournalDoubt(
    code: "lost",
    message:
      "the agent went down while the command ran, so what came of it is unknown; it is not run again: look on the "
      + "host, and send it under a new request id if it has to run")
}
