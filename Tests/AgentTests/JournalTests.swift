import NIOCore
import Testing

@testable import Agent

@Suite struct JournalTests {
  private static let body = [UInt8](repeating: 7, count: 32)

  static func result(_ text: String = "", exit: UInt8 = 0) -> JournalResult {
    var output = CommandOutput()
    output.append(ByteBuffer(string: text), .stdout)
    return JournalResult(exit: ByteBuffer(bytes: [exit]), digest: [], output: output)
  }

  /// A journal in which `id` has come to a state.
  private static func journal(_ events: (inout Journal) -> Void) -> Journal {
    var journal = Journal(created: 0)
    events(&journal)
    return journal
  }

  private static func accepted(_ journal: inout Journal) {
    _ = journal.asked("a", body: body, mayBegin: true, now: 100)
  }

  private static func started(_ journal: inout Journal) {
    accepted(&journal)
    _ = journal.starting("a", now: 101)
  }

  private static func done(_ journal: inout Journal) {
    started(&journal)
    _ = journal.ended("a", result("out"), now: 102)
  }

  private static func unknown(_ journal: inout Journal) {
    started(&journal)
    _ = journal.doubted("a", JournalDoubt(code: "lost", message: "why"), now: 102)
  }

  /// After a crash, with what the file would have held.
  private static func crashed(_ journal: Journal) -> Journal {
    var next = Journal(created: 0)
    for record in journal.snapshot { next.recovered(record) }
    _ = next.opened(now: 103)
    return next
  }

  @Test func whatIsAskedAgainDependsOnTheState() {
    var fresh = Journal(created: 0)
    #expect(
      fresh.asked("a", body: Self.body, mayBegin: true, now: 100)
        == .begin(JournalRecord("a", at: 100, .accepted(body: Self.body))))

    let table: [(String, (inout Journal) -> Void, Journal.Answer, Journal.Answer)] = [
      ("accepted", Self.accepted, .attach, .begin(JournalRecord("a", at: 104, .accepted(body: Self.body)))),
      ("started", Self.started, .attach, .doubt(.agentWentDown)),
      ("done", Self.done, .replay(Self.result("out")), .replay(Self.result("out"))),
      (
        "unknown", Self.unknown, .doubt(JournalDoubt(code: "lost", message: "why")),
        .doubt(JournalDoubt(code: "lost", message: "why"))
      ),
    ]
    for (name, events, expected, afterCrash) in table {
      var journal = Self.journal(events)
      var crashed = Self.crashed(journal)
      #expect(journal.asked("a", body: Self.body, mayBegin: true, now: 104) == expected, "\(name)")
      #expect(crashed.asked("a", body: Self.body, mayBegin: true, now: 104) == afterCrash, "\(name), crashed")
      #expect(journal.asked("a", body: [1], mayBegin: true, now: 104) == .otherBody, "\(name)")
      #expect(journal.asked("a", body: [1], mayBegin: false, now: 104) == .otherBody, "\(name)")
    }
  }

  @Test func whatIsOnlyAskedForIsNeverBegun() {
    var journal = Journal(created: 1000)
    #expect(journal.asked("a", body: Self.body, mayBegin: false, now: 1001) == .absent(isProven: false))
    #expect(journal.asked("a", body: Self.body, mayBegin: false, now: 1660) == .absent(isProven: true))
    var orphan = Self.crashed(Self.journal(Self.accepted))
    #expect(orphan.asked("a", body: Self.body, mayBegin: false, now: 104) == .absent(isProven: true))
    #expect(journal.running == 0 && orphan.running == 0)
  }

  @Test func nothingIsStartedTwiceNorEndsWithoutAStart() {
    var journal = Self.journal(Self.started)
    #expect(journal.starting("a", now: 105) == nil)
    #expect(journal.starting("b", now: 105) == nil)
    #expect(journal.ended("a", Self.result(), now: 105) != nil)
    #expect(journal.ended("a", Self.result(), now: 105) == nil)
    #expect(journal.doubted("a", .agentWentDown, now: 105) == nil)
    #expect(journal.withdrawn("a", now: 105) == nil)
    #expect(journal.starting("a", now: 105) == nil)
    var orphan = Self.crashed(Self.journal(Self.accepted))
    #expect(orphan.starting("a", now: 105) == nil, "nobody owns it")
    #expect(journal.running == 0)
  }

  @Test(arguments: [accepted, started] as [@Sendable (inout Journal) -> Void])
  func whatProvablyDidNotRunIsAsIfItHadNeverCome(_ events: @Sendable (inout Journal) -> Void) {
    var journal = Self.journal(events)
    #expect(journal.withdrawn("a", now: 102) == JournalRecord("a", at: 102, .withdrawn))
    #expect(journal.count == 0 && journal.running == 0)
    guard case .begin = journal.asked("a", body: [9], mayBegin: true, now: 103) else {
      Issue.record("it is not begun")
      return
    }
  }

  @Test func recordsThatAreToldTwiceOrLateChangeNothing() {
    var journal = Self.journal(Self.done)
    let snapshot = journal.snapshot
    for record in snapshot { journal.recovered(record) }
    journal.recovered(JournalRecord("a", at: 200, .started))
    journal.recovered(JournalRecord("a", at: 200, .withdrawn))
    journal.recovered(JournalRecord("b", at: 200, .started))
    journal.recovered(JournalRecord("b", at: 200, .done(Self.result())))
    #expect(journal.snapshot == snapshot)
  }

  @Test func whatHasEndedIsForgottenByAgeAndSoonerWhereThereIsNoRoom() {
    var settings = JournalSettings()
    settings.entries = 2
    var journal = Journal(settings: settings, created: 0)
    for (id, now) in [("a", 0), ("b", 10)] as [(String, Int64)] {
      _ = journal.asked(id, body: [], mayBegin: true, now: now)
      _ = journal.starting(id, now: now)
      _ = journal.ended(id, Self.result(), now: now)
    }
    #expect(journal.asked("c", body: [], mayBegin: true, now: 20) == .full(retryIn: 640))
    guard case .begin = journal.asked("c", body: [], mayBegin: true, now: 660) else {
      Issue.record("no room was made")
      return
    }
    #expect(journal.count == 2 && journal.asked("b", body: [], mayBegin: false, now: 661) == .replay(Self.result()))
    #expect(journal.asked("b", body: [], mayBegin: false, now: 10 + 3600) == .absent(isProven: true))
    #expect(journal.asked("c", body: [], mayBegin: true, now: 999_999) == .attach, "what runs is kept")
  }

  @Test func commandsUnderWayAreBounded() {
    var settings = JournalSettings()
    settings.running = 2
    var journal = Journal(settings: settings, created: 0)
    for id in ["a", "b"] { _ = journal.asked(id, body: [], mayBegin: true, now: 0) }
    #expect(journal.asked("c", body: [], mayBegin: true, now: 0) == .full(retryIn: 1))
    _ = journal.withdrawn("a", now: 0)
    #expect(journal.asked("c", body: [], mayBegin: true, now: 0) != .full(retryIn: 1))
  }

  @Test func theOldestOutputGoesFirstAndItsExitStays() {
    var settings = JournalSettings()
    settings.outputBytes = 10
    settings.keptOutput = 6
    var journal = Journal(settings: settings, created: 0)
    for (id, text) in [("a", "12345678"), ("b", "abcdef")] {
      _ = journal.asked(id, body: [], mayBegin: true, now: 0)
      _ = journal.starting(id, now: 0)
      _ = journal.ended(id, Self.result(text, exit: 3), now: 1)
    }
    var gone = Self.result("", exit: 3)
    gone.output = CommandOutput(pieces: [], isCut: true)
    #expect(journal.asked("a", body: [], mayBegin: true, now: 2) == .replay(gone))
    #expect(journal.asked("b", body: [], mayBegin: true, now: 2) == .replay(Self.result("abcdef", exit: 3)))
    #expect(journal.keptOutput == 6)
    #expect(journal.asked("x", body: [], mayBegin: false, now: 5000) == .absent(isProven: true))
    #expect(journal.keptOutput == 0 && journal.count == 0)
  }
}

@Suite struct CommandOutputTests {
  private static func output(_ pieces: [(CommandOutput.Stream, String)]) -> CommandOutput {
    CommandOutput(pieces: pieces.map { ($0.0, ByteBuffer(string: $0.1)) }, isCut: false)
  }

  private static func read(_ output: CommandOutput, by limit: Int) -> [String] {
    var texts: [String] = []
    var (offset, segment) = (0, 0)
    while let next = output.piece(after: offset, segment: &segment, limit: limit) {
      texts.append("\(next.stream.rawValue)\(String(buffer: next.bytes))")
      offset += next.bytes.readableBytes
    }
    return texts
  }

  @Test func itIsReadInTheOrderOfItsArrival() {
    let output = Self.output([(.stdout, "ab"), (.stdout, "c"), (.stderr, "de"), (.stdout, "f"), (.stderr, "")])
    #expect(Self.read(output, by: 100) == ["1abc", "2de", "1f"])
    #expect(Self.read(output, by: 2) == ["1ab", "1c", "2de", "1f"])
    #expect(output.count == 6 && output.segments.count == 3)
  }

  @Test func aReaderAtItsEndSeesWhatComesLater() {
    var output = Self.output([(.stdout, "ab")])
    var (offset, segment) = (0, 0)
    for text in ["ab", "cd", "ef"] {
      let next = output.piece(after: offset, segment: &segment, limit: 100)
      #expect(next.map { String(buffer: $0.bytes) } == text)
      offset += text.utf8.count
      let isEnd = output.piece(after: offset, segment: &segment, limit: 100) == nil
      #expect(isEnd)
      output.append(ByteBuffer(string: text == "ab" ? "cd" : "ef"), text == "ab" ? .stdout : .stderr)
    }
  }

  @Test func aPrefixSaysThatItIsOne() {
    let output = Self.output([(.stdout, "abc"), (.stderr, "de")])
    #expect(Self.read(output.prefix(4), by: 100) == ["1abc", "2d"] && output.prefix(4).isCut)
    #expect(output.prefix(5) == output && !output.isCut)
  }

  @Test func aStreamOfTinyChangesIsBounded() {
    var output = CommandOutput()
    for index in 0..<20_000 { output.append(ByteBuffer(string: "x"), index % 2 == 0 ? .stdout : .stderr) }
    #expect(output.segments.count == CommandOutput.segmentLimit && output.isCut)
    let count = output.count
    output.append(ByteBuffer(string: "more"), .stderr)
    #expect(output.count == count)
  }
}
