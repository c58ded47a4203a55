import Routing

/// The agents' side: what they do with an attempt.
extension World {
  func send(_ call: Int, _ number: Int, agent: Int) {
    let attempt = newAttempt()
    attempts[attempt].call = call
    attempts[attempt].number = number
    attempts[attempt].coordinator = calls[call].coordinator
    attempts[attempt].agent = agent
    attempts[attempt].host = calls[call].host
    attempts[attempt].sent = now
    calls[call][number] = attempt
    calls[call].attemptsMade += 1
    count(agent)
    measure.sentOverTime[measure.place(seconds)][agent] += 1
    receive(attempt, draw: call * 4 + min(3, number))
  }

  func sendProbe(_ order: Router.ProbeOrder, coordinator: Int) {
    let attempt = newAttempt()
    attempts[attempt].probe = order.attempt
    attempts[attempt].coordinator = coordinator
    attempts[attempt].agent = order.agent
    attempts[attempt].host = order.host.flatMap { Int($0.dropFirst("segment/h".count)) } ?? 0
    attempts[attempt].sent = now
    count(order.agent)
    receive(attempt, draw: 1_000_000_000 + Int(truncatingIfNeeded: now.nanoseconds / 1_000_000) + order.agent)
  }

  private func count(_ agent: Int) {
    guard isInWindow else { return }
    measure.sent += 1
    if agent == scenario.badAgent { measure.sentToBad += 1 }
  }

  private func newAttempt() -> Int {
    let attempt = freeAttempts.popLast() ?? attempts.count
    if attempt == attempts.count { attempts.append(SimulatedAttempt()) }
    let generation = attempts[attempt].generation &+ 1
    attempts[attempt] = SimulatedAttempt()
    attempts[attempt].generation = generation
    return attempt
  }

  private func receive(_ attempt: Int, draw: Int) {
    let agent = attempts[attempt].agent
    guard agents[agent].isThere else {
      reply(attempt, .failed(AttemptFailure(.unprocessed, mayHaveRun: false)), after: 0.001)
      return
    }
    guard !agents[agent].isHung else {
      attempts[attempt].state = .stuck
      return
    }
    if scenario.hangs(host: attempts[attempt].host, at: seconds) {
      hang(attempt)
      return
    }
    if agents[agent].failing > 0, draws.unit(draw, 8) < agents[agent].failing {
      reply(attempt, .failed(AttemptFailure(.agent, mayHaveRun: true)), after: 0.001)
      return
    }
    if scenario.deadHostShare > 0, attempts[attempt].host == 0 {
      let timings = AttemptTimings(host: .seconds(scenario.deadHostDelay), connect: .zero, isWarm: false)
      let failure = AttemptFailure(.host(reason: "connection timed out"), mayHaveRun: false, timings: timings)
      reply(attempt, .failed(failure), after: scenario.deadHostDelay)
      return
    }
    var service =
      scenario.sigma == 0
      ? scenario.mean : draws.lognormal(draw, 9, mean: scenario.mean, sigma: scenario.sigma)
    if draws.unit(draw, 10) < scenario.stallShare { service *= scenario.stallFactor }
    service *= agents[agent].slowness
    attempts[attempt].service = service
    enter(attempt)
  }

  /// Its host takes the request and never answers. The agent waits, and says so just before the time for it is over.
  private func hang(_ attempt: Int) {
    let call = attempts[attempt].call
    let patience = call >= 0 ? calls[call].deadline.seconds(since: now) : Self.probePatience
    let wait = max(0, patience - 0.005)
    work(on: attempt)
    let timings = AttemptTimings(host: .seconds(wait), connect: .zero, isWarm: true)
    let failure = AttemptFailure(.host(reason: "no answer"), mayHaveRun: true, timings: timings)
    reply(attempt, .failed(failure), after: wait)
  }

  private func reply(_ attempt: Int, _ reply: Reply, after delay: Double) {
    attempts[attempt].state = .serving
    attempts[attempt].service = -1
    attempts[attempt].reply = reply
    schedule(attempt, after: delay)
  }

  private func schedule(_ attempt: Int, after delay: Double) {
    events.schedule(
      .reply(attempt: attempt, generation: attempts[attempt].generation), at: now.advanced(bySeconds: delay))
  }

  private func enter(_ attempt: Int) {
    let agent = attempts[attempt].agent
    attempts[attempt].state = .queued
    if agents[agent].admission != nil {
      admit(attempt)
    } else if let workers = scenario.workers, agents[agent].working >= workers {
      agents[agent].enqueue(attempt)
    } else {
      serve(attempt)
    }
  }

  func serve(_ attempt: Int) {
    let agent = attempts[attempt].agent
    let call = attempts[attempt].call
    if policy.isOurs, call >= 0, now >= calls[call].deadline {
      measure.violate("agent \(agent) begins call \(call) past its deadline")
    }
    work(on: attempt)
    if call >= 0, calls[call].requestClass != .read, agents[agent].journal[call] == nil {
      agents[agent].journal[call] = false
      calls[call].effects += 1
      if calls[call].requestClass == .effect, calls[call].effects > 1 {
        measure.violate("call \(call) took effect twice")
      }
    }
    if agents[agent].pool != nil {
      lease(attempt)
      return
    }
    attempts[attempt].state = .serving
    var timings = AttemptTimings()
    if !agents[agent].warm.isEmpty, !agents[agent].warm[attempts[attempt].host] {
      agents[agent].warm[attempts[attempt].host] = true
      attempts[attempt].service += scenario.connect
      timings = AttemptTimings(host: .zero, connect: .seconds(scenario.connect), isWarm: false)
    }
    attempts[attempt].reply = .answered(timings)
    schedule(attempt, after: attempts[attempt].service)
  }

  private func work(on attempt: Int) {
    attempts[attempt].isWorkedOn = true
    agents[attempts[attempt].agent].working += 1
  }

  func replyDue(_ attempt: Int, _ generation: UInt32) {
    guard attempts[attempt].generation == generation, attempts[attempt].state == .serving else { return }
    let agent = attempts[attempt].agent
    guard !agents[agent].isHung else {
      attempts[attempt].state = .stuck
      return
    }
    let ended = attempts[attempt]
    if ended.call >= 0, calls[ended.call].requestClass != .read { agents[agent].journal[ended.call] = true }
    release(attempt, isDone: true)
    deliver(ended)
  }

  /// The coordinator reset the stream: the agent stops working on it.
  func cancel(_ attempt: Int) {
    guard attempt >= 0, attempts[attempt].state != .free else { return }
    release(attempt, isDone: false)
  }

  /// Gives back whatever the attempt holds at its agent, and its own place.
  func release(_ attempt: Int, isDone: Bool) {
    let ended = attempts[attempt]
    attempts[attempt].state = .free
    attempts[attempt].generation &+= 1
    freeAttempts.append(attempt)
    if ended.isWorkedOn { agents[ended.agent].working -= 1 }
    if agents[ended.agent].pool != nil { releaseLease(attempt, ended, isDone: isDone) }
    if agents[ended.agent].admission != nil {
      leaveAdmission(ended, attempt, isDone: isDone)
    } else if ended.isWorkedOn {
      serveNext(ended.agent)
    }
  }

  private func serveNext(_ agent: Int) {
    guard let workers = scenario.workers else { return }
    while agents[agent].working < workers, let place = agents[agent].dequeue() {
      if attempts[place].state == .queued, attempts[place].agent == agent { serve(place) }
    }
  }
}
