import Testing

@testable import MCP

struct ProgressGateTests {
  static func gate(_ revision: MCPRevision = .july2026) throws -> ProgressGate {
    let call = MCPCall(
      id: CallID(1), name: "read", arguments: [:], logLevel: nil, message: .int(1), progressToken: .string("t"),
      revision: revision)
    return try #require(ProgressGate(call, now: Fixture.start))
  }

  static func value(_ note: JSON?) -> Double? { note?["params"]?["progress"]?.number }

  @Test func reportsIncreaseAndKeepTheirDistance() throws {
    var gate = try Self.gate()
    func report(_ done: Double, at milliseconds: Int) -> Double? {
      Self.value(
        gate.reported(done: done, total: 9, message: "m", now: Fixture.start + .milliseconds(milliseconds)))
    }
    #expect(report(1, at: 0) == 1)
    #expect(report(1, at: 200) == nil)
    #expect(report(0.5, at: 300) == nil)
    #expect(report(2, at: 400) == 2)
    #expect(report(3, at: 450) == nil)
    #expect(report(4, at: 460) == nil)
    #expect(gate.due == Fixture.start + .milliseconds(500))
    #expect(Self.value(gate.elapsed(now: Fixture.start + .milliseconds(500))) == 4)
    #expect(report(4, at: 700) == nil)
    for odd in [Double.nan, .infinity, -1] { #expect(report(odd, at: 900) == nil) }
  }

  @Test func aLongSilenceIsBrokenWithoutReachingTheNextStep() throws {
    var gate = try Self.gate()
    var last = -1.0
    for tenth in 1...5 {
      let note = gate.elapsed(now: Fixture.start + .seconds(10 * tenth))
      let value = try #require(Self.value(note))
      #expect(value > last && value < 1)
      last = value
    }
    #expect(Self.value(gate.reported(done: 1, total: 1, message: "", now: Fixture.start + .seconds(51))) == 1)
    #expect(gate.elapsed(now: Fixture.start + .seconds(61)) == nil)
    #expect(gate.due == Fixture.start + .seconds(71))
  }

  @Test func messagesAreShortAndOnlyWhereTheyAreDefined() throws {
    let long = String(repeating: "é", count: 300)
    for revision in MCPRevision.allCases {
      var gate = try Self.gate(revision)
      let params = gate.reported(done: 1, total: .nan, message: long, now: Fixture.start)?["params"]
      #expect(params?["message"]?.string?.count == (revision == .november2024 ? nil : 200))
      #expect(params?["total"] == nil)
      #expect(params?["progressToken"] == "t")
    }
  }

  @Test func noTokenNoGate() {
    let call = MCPCall(
      id: CallID(1), name: "read", arguments: [:], logLevel: nil, message: .int(1), progressToken: nil,
      revision: .july2026)
    #expect(ProgressGate(call, now: Fixture.start) == nil)
  }
}
