import SSH
import Testing

@testable import Agent

@Suite struct ConnectPaceTests {
  private let start = ContinuousClock.now
  private let given = SSHConnectionSettings()

  private func pace(of count: Int, handshake: Duration, tcp: Duration = .milliseconds(2)) -> ConnectPace {
    let pace = ConnectPace()
    for number in 0..<count {
      pace.connected(
        "h\(number)", ConnectTimings(tcp: tcp, keyExchange: handshake / 2, authentication: handshake / 2), at: start)
    }
    return pace
  }

  @Test func boundsStandUntilEnoughIsKnown() {
    #expect(ConnectPace().bounds(given, of: "a", at: start) == given)
    #expect(pace(of: 199, handshake: .milliseconds(30)).bounds(given, of: "a", at: start) == given)
    #expect(given.connectLimit == .seconds(20))
  }

  /// The lower and upper ends of both clamps, and between them twice what all but one in a thousand take.
  @Test(arguments: [
    (Duration.milliseconds(30), Duration.milliseconds(2), 3.0, 1.0),
    (.seconds(3), .milliseconds(800), 6, 3.2),
    (.seconds(12), .seconds(4), 15, 5),
  ])
  func boundsFollowWhatConnectsTake(handshake: Duration, tcp: Duration, handshakeBound: Double, tcpBound: Double) {
    let bounds = pace(of: 300, handshake: handshake, tcp: tcp).bounds(given, at: start)
    let total = bounds.handshakeTimeout ?? .zero
    #expect(abs(total / .seconds(1) - handshakeBound) < 0.06 * handshakeBound, "\(total)")
    #expect(bounds.keyExchangeTimeout == min(given.keyExchangeTimeout, total))
    #expect(abs(bounds.tcpTimeout / .seconds(1) - tcpBound) < 0.05, "\(bounds.tcpTimeout)")
    #expect(bounds.connectLimit == bounds.tcpTimeout + total)
  }

  @Test func aHostThatNeedsLongerThanAllOthersIsNotLost() {
    let pace = pace(of: 300, handshake: .milliseconds(30))
    pace.timedOut("slow")
    #expect(pace.bounds(given, of: "slow", at: start) == given)
    #expect(pace.bounds(given, of: "other", at: start) != given)
    pace.keep(["other"])
    #expect(pace.bounds(given, of: "slow", at: start) != given)
  }

  /// Or a rack that was without power would keep the bounds of its hosts wide for good.
  @Test(arguments: [(Duration.milliseconds(30), true), (.seconds(4), false)])
  func aHostThatIsQuickAgainIsAsAllOthers(handshake: Duration, isNarrow: Bool) {
    let pace = pace(of: 300, handshake: .milliseconds(30))
    pace.timedOut("back")
    pace.connected(
      "back", ConnectTimings(tcp: .milliseconds(2), keyExchange: handshake / 2, authentication: handshake / 2),
      at: start)
    #expect((pace.bounds(given, of: "back", at: start) != given) == isNarrow)
  }

  @Test func whatIsOldIsForgotten() {
    let pace = pace(of: 300, handshake: .milliseconds(30))
    #expect(pace.bounds(given, at: start + .seconds(600)) != given)
    #expect(pace.bounds(given, at: start + .seconds(3_600)) == given)
  }

  /// A setting is the upper bound, whatever is measured.
  @Test func boundsAreNeverAboveTheSettings() {
    let tight = SSHConnectionSettings(
      tcpTimeout: .milliseconds(500), keyExchangeTimeout: .seconds(1), authenticationTimeout: .seconds(2))
    let bounds = pace(of: 300, handshake: .seconds(9)).bounds(tight, at: start)
    #expect(bounds.tcpTimeout == .milliseconds(500))
    #expect(bounds.keyExchangeTimeout == .seconds(1) && bounds.authenticationTimeout == .seconds(2))
  }
}
