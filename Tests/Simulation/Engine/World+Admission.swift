import Routing

/// Agents that keep their door with the production `AdmissionQueue`.
extension World {
  private func id(_ attempt: Int, _ generation: UInt32) -> UInt64 { UInt64(attempt) << 32 | UInt64(generation) }

  func admit(_ attempt: Int) {
    let agent = attempts[attempt].agent
    let call = attempts[attempt].call
    let flow = FlowKey(principal: "p\(max(0, call) % 4)", host: Self.name(attempts[attempt].host))
    let deadline = call >= 0 ? calls[call].deadline : now.advanced(bySeconds: 2)
    let criticality: Criticality = call < 0 ? .control : Self.criticality(call)
    let actions = agents[agent].admission?.arrived(
      id(attempt, attempts[attempt].generation), flow: flow, criticality, deadline: deadline, now: now)
    apply(actions ?? [])
  }

  /// One in five is batch work.
  static func criticality(_ call: Int) -> Criticality { call % 5 == 4 ? .batch : .interactive }

  func leaveAdmission(_ ended: SimulatedAttempt, _ attempt: Int, isDone: Bool) {
    let id = id(attempt, ended.generation)
    if ended.state == .queued {
      agents[ended.agent].admission?.withdrawn(id)
      return
    }
    let sample = isDone && ended.service > 0 ? ended.service : nil
    let actions = agents[ended.agent].admission?.finished(id, sample: sample, now: now)
    apply(actions ?? [])
  }

  private func apply(_ actions: [AdmissionQueue.Action]) {
    for action in actions {
      switch action {
      case .start(let id):
        if let attempt = current(id) { begin(attempt) }
      case .shed(let id, let pushback):
        refuse(id, pushback: .after(pushback))
      case .tooLate(let id):
        refuse(id, pushback: .never)
      }
    }
  }

  /// The agent's own capacity is shared: what is begun beyond it takes longer by as much.
  private func begin(_ attempt: Int) {
    let agent = attempts[attempt].agent
    if let workers = scenario.workers {
      attempts[attempt].service *= max(1, Double(agents[agent].working + 1) / Double(workers))
    }
    serve(attempt)
  }

  private func current(_ id: UInt64) -> Int? {
    let attempt = Int(id >> 32)
    return attempts[attempt].generation == UInt32(truncatingIfNeeded: id) ? attempt : nil
  }

  private func refuse(_ id: UInt64, pushback: AttemptFailure.Pushback) {
    guard let attempt = current(id) else { return }
    let failure = AttemptFailure(.shed, mayHaveRun: false, pushback: pushback)
    attempts[attempt].state = .serving
    attempts[attempt].service = -1
    attempts[attempt].reply = .failed(failure)
    events.schedule(
      .reply(attempt: attempt, generation: attempts[attempt].generation), at: now.advanced(bySeconds: 0.001))
  }
}
