import AgentAPI
import SSH
import SSHConfig
import Testing

@testable import Agent

/// What watchers are told, and which hosts are looked at unasked.
@Suite struct ReportTests {
  private let start = ContinuousClock.now

  private func inventory(_ text: String, generation: UInt64 = 1, labels: [LabelRule] = []) throws -> Inventory {
    var settings = AgentSettings(name: "a", segment: "dc1")
    settings.labels = labels
    let environment = SSHConfigEnvironment(home: "/home/ops", userName: "ops", userID: 1000)
    let config = try SSHConfig.load(path: "/config", environment: environment, reader: OneFile(text: text))
    var inventory = Inventory(config, settings: settings)
    inventory.generation = generation
    return inventory
  }

  private func info(_ host: InventoryHost) -> HostInfo { HostInfo(host, state: HostState()) }

  @Test(arguments: [
    ("Host a b c\n", "Host a b c\n", [], []),
    ("Host a b c\n", "Host a b c d\n", [], ["d@3"]),
    ("Host a b c\n", "Host d a b c\n", [], ["d@0"]),
    ("Host a b c\n", "Host a c\n", ["b"], []),
    ("Host a b c\n", "Host a x c y\n", ["b"], ["x@1", "y@3"]),
    ("Host a b c\n", "Host a b c\nHost b\n User eve\n", ["b"], ["b@1"]),
  ])
  func aChangeIsToldByWhatItChanges(_ old: String, _ new: String, _ removed: [String], _ placed: [String]) throws {
    let change = try #require(InventoryChange(from: inventory(old), to: inventory(new), info: info))
    #expect(change.removed == removed)
    #expect(change.placed.map { "\($0.host.alias)@\($0.index)" } == placed)
  }

  @Test(arguments: ["Host c b a\n", "Host a x y z\n", "Host x y z\n"])
  func whatIsLargeOrOutOfOrderIsToldWhole(_ new: String) throws {
    #expect(try InventoryChange(from: inventory("Host a b c\n"), to: inventory(new), info: info) == nil)
  }

  @Test func newLabelsAreAChange() throws {
    let rule = LabelRule(pattern: "a", labels: ["role": "web"])
    let change = try InventoryChange(
      from: inventory("Host a b c\n"), to: inventory("Host a b c\n", labels: [rule]), info: info)
    #expect(change?.placed.first?.host.labels == ["role": "web"])
  }

  @Test func aWatcherHearsEachThingOnce() throws {
    let book = HealthBook()
    var report = WatchReport(deltas: true)
    let first = try inventory("Host a b\n")
    let whole = { DescribeReply() }
    #expect(report.news(first, book, whole: whole, info: info).map(\.kind) == ["inventory"])
    #expect(report.news(first, book, whole: whole, info: info).isEmpty)
    book.answered("a", nil, at: start)
    #expect(report.news(first, book, whole: whole, info: info).map(\.kind) == ["states a"])
    #expect(report.news(first, book, whole: whole, info: info).isEmpty)
    let second = try inventory("Host a b c\n", generation: 2)
    book.answered("b", nil, at: start)
    #expect(report.news(second, book, whole: whole, info: info).map(\.kind) == ["change +c", "states b"])
    // Read anew, and nothing in it is new.
    let third = try inventory("Host a b c\n", generation: 3)
    #expect(report.news(third, book, whole: whole, info: info).isEmpty)
  }

  @Test func countsAreToldWhereTheyAreNewsAndNotTooOften() {
    var report = WatchReport(deltas: true)
    var counts = PoolCounts()
    counts.connectionsMade = 1
    #expect(report.news(at: start, counts: { counts }) == counts)
    #expect(report.news(at: start + .seconds(6), counts: { counts }) == nil)
    counts.connectionsMade = 2
    #expect(report.news(at: start + .seconds(7), counts: { counts }) == counts)
    counts.connectionsMade = 3
    #expect(report.news(at: start + .seconds(11), counts: { counts }) == nil)
    #expect(report.news(at: start + .seconds(12), counts: { counts }) == counts)
  }

  @Test func aWatcherWithoutDeltasHearsTheWhole() throws {
    var report = WatchReport(deltas: false)
    _ = report.news(try inventory("Host a b\n"), HealthBook(), whole: { DescribeReply() }, info: info)
    let news = report.news(
      try inventory("Host a b c\n", generation: 2), HealthBook(), whole: { DescribeReply() }, info: info)
    #expect(news.map(\.kind) == ["inventory"])
  }

  @Test func newsWakesAndPaceDoesNot() async {
    let book = HealthBook()
    let (wakes, _) = book.wakes.subscribe()
    var iterator = wakes.makeAsyncIterator()
    // The one that is due at once.
    await iterator.next()
    book.answered("a", CallTimings(host: .milliseconds(1)), at: start)
    await iterator.next()
    book.answered("a", CallTimings(host: .milliseconds(1)), at: start)
    book.failed("a", AgentError(code: .unreachable, message: "gone"), at: start)
    await iterator.next()
    book.wakes.wake()
    await iterator.next()
  }

  /// A host that was down is found to be back without anybody's asking; one that refuses the keys is not knocked at again.
  @Test func aHostThatFailedIsLookedAtAfterThePause() {
    #expect(BackgroundChecks.mayLook(after: nil, retryIn: nil))
    #expect(BackgroundChecks.mayLook(after: .unreachable, retryIn: .zero))
    #expect(!BackgroundChecks.mayLook(after: .unreachable, retryIn: .seconds(1)))
    #expect(!BackgroundChecks.mayLook(after: .authFailed, retryIn: .zero))
    #expect(!BackgroundChecks.mayLook(after: .hostKeyChanged, retryIn: .zero))
  }

  @Test func theHostThatWaitsLongestIsCheckedFirst() {
    var plan = CheckPlan(interval: .seconds(600), patience: .seconds(30), start: start)
    let contacts: [String: ContinuousClock.Instant] = [
      "seen": start, "old": start - .seconds(700), "older": start - .seconds(900),
    ]
    func next(after seconds: Int, _ plan: CheckPlan) -> String? {
      plan.next(among: ["seen", "old", "older", "never"], at: start + .seconds(seconds)) { contacts[$0] }
    }
    #expect(next(after: 29, plan) == nil)
    #expect(next(after: 30, plan) == "older")
    plan.checked("older", at: start + .seconds(30))
    #expect(next(after: 31, plan) == "old")
    plan.checked("old", at: start + .seconds(31))
    #expect(next(after: 32, plan) == "never")
    plan.checked("never", at: start + .seconds(32))
    #expect(next(after: 33, plan) == nil)
    #expect(next(after: 600, plan) == "seen")
    plan.checked("seen", at: start + .seconds(600))
    #expect(next(after: 630, plan) == "older")
  }

  @Test func phasesAreKeptApart() {
    var health = HostHealth()
    health.connected(
      .init(tcp: .milliseconds(1), keyExchange: .milliseconds(20), authentication: .milliseconds(16)), at: start,
      revision: 1)
    health.answered(CallTimings(host: .milliseconds(2), connect: .milliseconds(40)), at: start, revision: 2)
    health.answered(CallTimings(host: .milliseconds(2), queue: .milliseconds(3), poolHit: true), at: start, revision: 3)
    let state = health.state(at: start)
    #expect(state.phases.map(\.phase) == [.queue, .tcp, .keyExchange, .authentication])
    #expect(state.phases.map(\.p50Ms) == [3, 1, 20, 16])
    #expect(state.p50Ms == 2)
  }
}

extension WatchEvent {
  /// In a word, for expectations.
  fileprivate var kind: String {
    switch event {
    case .inventory: "inventory"
    case .inventoryChange(let change):
      "change "
        + (change.removed.map { "-\($0)" } + change.placed.map { "+\($0.host.alias)" }).joined(separator: " ")
    case .hostStates(let states): "states " + states.changed.map(\.alias).joined(separator: " ")
    case .heartbeat: "heartbeat"
    case nil: "nothing"
    }
  }
}

/// A file system of one ssh_config.
private struct OneFile: ConfigReader {
  let text: String

  func facts(_ path: String) -> FileFacts? { path == "/config" ? FileFacts(size: text.utf8.count) : nil }
  func contents(_ path: String) -> [UInt8]? { path == "/config" ? Array(text.utf8) : nil }
  func names(in folder: String) -> [String] { [] }
}
