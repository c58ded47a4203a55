/// What of a call's progress reaches the client: strictly increasing, not too often, and never silent for long. A value.
///
/// Between reports of the tool it creeps towards the next whole number, which tells a client that waits with a timeout that
/// the call lives.
struct ProgressGate: Sendable {
  /// Between two notifications of one call.
  static let minimumInterval: Duration = .milliseconds(100)
  /// The longest silence.
  static let maximumSilence: Duration = .seconds(10)
  static let messageLimit = 200

  private struct Report: Sendable {
    var done: Double
    var total: Double?
    var message: String
  }

  private let token: MessageID
  private let hasMessage: Bool
  /// What the client has been told last; nothing yet, zero.
  private var sent = Report(done: -1, total: nil, message: "")
  private var held: Report?
  private var mayFollow: ContinuousClock.Instant
  /// When `elapsed` has something to say.
  private(set) var due: ContinuousClock.Instant

  /// nil where the client asked for no progress.
  init?(_ call: MCPCall, now: ContinuousClock.Instant) {
    guard let token = call.progressToken else { return nil }
    self.token = token
    self.hasMessage = call.revision.hasProgressMessage
    self.mayFollow = now
    self.due = now + Self.maximumSilence
  }

  /// The notification to send now, if any. What comes too early is held for `elapsed`; what does not increase is dropped.
  mutating func reported(done: Double, total: Double?, message: String, now: ContinuousClock.Instant) -> JSON? {
    guard done.isFinite, done >= 0, done > (held?.done ?? sent.done) else { return nil }
    let report = Report(done: done, total: total.flatMap { $0.isFinite ? $0 : nil }, message: message)
    guard now >= mayFollow else {
      held = report
      due = mayFollow
      return nil
    }
    return send(report, now)
  }

  /// Time has passed: what was held, or a sign of life.
  mutating func elapsed(now: ContinuousClock.Instant) -> JSON? {
    guard now >= due else { return nil }
    if let held { return send(held, now) }
    var report = sent
    report.done = sent.done < 0 ? 0 : sent.done + (sent.done.rounded(.down) + 1 - sent.done) / 2
    guard report.done > sent.done, report.total.map({ report.done < $0 }) ?? true else {
      due = now + Self.maximumSilence
      return nil
    }
    return send(report, now)
  }

  private mutating func send(_ report: Report, _ now: ContinuousClock.Instant) -> JSON {
    sent = report
    held = nil
    mayFollow = now + Self.minimumInterval
    due = now + Self.maximumSilence
    var params: JSONObject = ["progressToken": token.json, "progress": Self.json(report.done)]
    params["total"] = report.total.map(Self.json)
    if hasMessage, !report.message.isEmpty {
      params["message"] = .string(String(report.message.prefix(Self.messageLimit)))
    }
    return ["jsonrpc": "2.0", "method": "notifications/progress", "params": .object(params)]
  }

  private static func json(_ value: Double) -> JSON { Int64(exactly: value).map(JSON.int) ?? .double(value) }
}
