import Routing

/// How the baselines treat a request: one attempt, no retry.
extension World {
  func startBaseline(_ call: Int) {
    launchBaseline(call, number: 0, excluding: nil)
    switch policy {
    case .unlimitedHedging: setWake(call, now.advanced(bySeconds: 2 * scenario.mean))
    default: if let timeout = scenario.baselineTimeout { setWake(call, now.advanced(bySeconds: timeout)) }
    }
  }

  private func launchBaseline(_ call: Int, number: Int, excluding: Int?) {
    let owner = coordinators[calls[call].coordinator]
    let agent = owner.baseline.pick(excluding: excluding, random: &draws.policy, now: now)
    owner.baseline.started(agent)
    send(call, number, agent: agent)
  }

  func baselineTimerDue(_ call: Int) {
    calls[call].wake = nil
    if policy == .unlimitedHedging, calls[call].attemptsMade == 1 {
      let first = calls[call][0]
      launchBaseline(call, number: 1, excluding: first >= 0 ? attempts[first].agent : nil)
      if let timeout = scenario.baselineTimeout {
        setWake(call, calls[call].started.advanced(bySeconds: timeout))
      }
      return
    }
    endOthers(call)
    complete(call, isAnswered: false)
  }

  func baselineReply(_ attempt: SimulatedAttempt) {
    let elapsed = now.seconds(since: attempt.sent)
    coordinators[attempt.coordinator].baseline.ended(attempt.agent, seconds: elapsed, now: now)
    guard calls[attempt.call].completions == 0 else { return }
    var isAnswered = false
    if case .answered = attempt.reply { isAnswered = true }
    endOthers(attempt.call)
    complete(attempt.call, isAnswered: isAnswered)
  }

  private func endOthers(_ call: Int) {
    for number in 0..<2 where calls[call][number] >= 0 {
      let attempt = calls[call][number]
      let elapsed = now.seconds(since: attempts[attempt].sent)
      coordinators[calls[call].coordinator].baseline.ended(attempts[attempt].agent, seconds: elapsed, now: now)
      cancel(attempt)
      calls[call][number] = -1
    }
  }
}
