/// The figures of routing. A value; the defaults suit a laptop with one agent and ten datacenters alike.
package struct RoutingSettings: Sendable, Hashable {
  /// In which an agent's latency is forgotten.
  package var tau: Duration = .seconds(10)
  /// What a cold connection is taken to cost before one was seen: thirteen round trips instead of four.
  package var connectPrior: Duration = .milliseconds(350)
  /// How often the driver calls `Router.timerFired`.
  package var tick: Duration = .milliseconds(250)
  /// An agent that is not asked because it seemed slow is probed this often.
  package var probeInterval: Duration = .seconds(1)
  /// The next probe after one that was much faster than the estimate.
  package var recoveryProbeInterval: Duration = .milliseconds(250)
  /// Answered probes in a row after which the estimate is taken back.
  package var probesToRecover = 3
  /// Agents are probed only while somebody asked for something within this time.
  package var probeWhileUsed: Duration = .seconds(10)
  package var slowStart: Duration = .seconds(30)
  package var slowStartLeast = 0.10
  package var breaker = BreakerSettings()
  package var phi = PhiSettings()
  /// Retries and hedges: a share of the calls, and so many a second besides.
  package var retryShare = 0.2
  package var retriesPerSecond = 10.0
  package var hedgeShare = 0.02
  /// Hedges that can be saved up; half of them are never spent.
  package var hedgeTokens = 20.0
  package var retryPause = RetryPause()
  /// How long an agent may take to say what became of a request.
  package var statusTimeout: Duration = .seconds(1)

  package init() {}
}
