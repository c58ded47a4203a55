import AgentAPI
import Testing

@testable import Agent

@Suite struct HostHealthTests {
  private let start = ContinuousClock.now

  @Test func aHostNeverContactedIsUnknown() {
    let state = HostHealth().state(at: start)
    #expect(state.status == .unknown && state.ageMs == -1 && state.p50Ms == 0)
  }

  @Test func anAnswerMakesItOnlineAndAges() {
    var health = HostHealth()
    health.answered(CallTimings(host: .milliseconds(4)), at: start, revision: 1)
    let state = health.state(at: start + .seconds(3))
    #expect(state.status == .online && state.ageMs == 3000 && state.p50Ms == 4)
  }

  @Test(arguments: [
    (FailureCode.unreachable, HostStatus.offline), (.connectTimeout, .offline), (.timeout, .offline), (.lost, .offline),
    (.authFailed, .error), (.hostKeyChanged, .error), (.hostKeyUnknown, .error),
  ])
  func failuresSayWhetherItIsThere(_ code: FailureCode, _ status: HostStatus) {
    var health = HostHealth()
    health.failed(AgentError(code: code, message: "why"), at: start, revision: 1)
    let state = health.state(at: start)
    #expect(state.status == status && state.lastErrorCode == code.rawValue && state.lastErrorMessage == "why")
    health.answered(nil, at: start, revision: 2)
    #expect(health.state(at: start).status == .online && health.state(at: start).lastErrorCode.isEmpty)
  }

  @Test func quantilesForgetWhatIsOld() {
    var health = HostHealth()
    for _ in 0..<SampleWindow.size { health.answered(CallTimings(host: .seconds(1)), at: start, revision: 1) }
    for _ in 0..<SampleWindow.size { health.answered(CallTimings(host: .milliseconds(2)), at: start, revision: 1) }
    #expect(health.state(at: start).p95Ms == 2)
  }

  @Test func theBookTellsWhatChanged() {
    let book = HealthBook()
    let before = book.revision
    book.answered("a", nil, at: start)
    let between = book.revision
    book.failed("b", AgentError(code: .timeout, message: ""), at: start)
    #expect(book.changed(since: before).sorted() == ["a", "b"])
    #expect(book.changed(since: between) == ["b"])
    #expect(book.changed(since: book.revision).isEmpty)
    book.keep(["a"])
    #expect(book.health(of: "b").state(at: start).status == .unknown)
  }
}
