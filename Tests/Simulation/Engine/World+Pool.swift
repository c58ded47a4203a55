import Pool
import Routing

/// The driver of an agent's production pool: connections take as long as the scenario says, channels 3 ms.
extension World {
  private var moment: Moment { Moment(.nanoseconds(now.nanoseconds)) }

  func lease(_ attempt: Int) {
    let agent = attempts[attempt].agent
    guard let model = agents[agent].pool else { return }
    let deadline = Moment(.nanoseconds(now.advanced(by: .seconds(10)).nanoseconds))
    let (answer, actions) = model.pool.leaseRequested(
      model.key(attempts[attempt].host), kind: .files, class: .request, deadline: deadline, now: moment)
    switch answer {
    case .granted(let grant):
      granted(attempt, grant, model)
    case .waiting(let request):
      attempts[attempt].state = .leasing
      model.waiting[request] = attempt
      model.requests[attempt] = request
    case .refused:
      refused(attempt)
    }
    apply(actions, agent, model)
  }

  private func granted(_ attempt: Int, _ grant: LeaseGrant, _ model: PoolModel) {
    model.leases[attempt] = grant.lease
    attempts[attempt].state = .serving
    let timings = AttemptTimings(host: .zero, connect: grant.connecting, isWarm: grant.connecting == .zero)
    attempts[attempt].reply = .answered(timings)
    events.schedule(
      .reply(attempt: attempt, generation: attempts[attempt].generation),
      at: now.advanced(bySeconds: attempts[attempt].service))
  }

  private func refused(_ attempt: Int) {
    attempts[attempt].state = .serving
    attempts[attempt].reply = .failed(AttemptFailure(.shed, mayHaveRun: false, pushback: .after(.milliseconds(100))))
    events.schedule(
      .reply(attempt: attempt, generation: attempts[attempt].generation), at: now.advanced(bySeconds: 0.001))
  }

  func releaseLease(_ attempt: Int, _ ended: SimulatedAttempt, isDone: Bool) {
    guard let model = agents[ended.agent].pool else { return }
    if let request = model.requests.removeValue(forKey: attempt) {
      model.waiting[request] = nil
      apply(model.pool.leaseCancelled(request, now: moment), ended.agent, model)
    }
    if let lease = model.leases.removeValue(forKey: attempt) {
      apply(model.pool.leaseReturned(lease, sound: isDone, now: moment), ended.agent, model)
    }
  }

  func poolEvent(_ agent: Int, _ event: PoolEvent) {
    guard let model = agents[agent].pool else { return }
    let actions: PoolActions<Moment>? =
      switch event {
      case .established(let id): model.pool.connectionEstablished(id, now: moment)
      case .laneOpened(let lane): model.pool.laneOpened(lane, now: moment)
      case .laneClosed(let lane): model.pool.laneClosed(lane, now: moment)
      case .closed(let id): model.pool.connectionClosed(id, nil, now: moment)
      case .timer(let due): poolTimer(model, due)
      }
    if let actions { apply(actions, agent, model) }
  }

  /// A timer that was set anew since means nothing.
  private func poolTimer(_ model: PoolModel, _ due: Moment) -> PoolActions<Moment>? {
    guard model.armed == due else { return nil }
    model.armed = nil
    return model.pool.timerFired(now: moment)
  }

  private func apply(_ actions: PoolActions<Moment>, _ agent: Int, _ model: PoolModel) {
    for action in actions.list {
      switch action {
      case .connect(let id, let key, _, _):
        model.connections[id] = Int(key.host.dropFirst("segment/h".count)) ?? 0
        events.schedule(.pool(agent, .established(id)), at: now.advanced(bySeconds: model.connect))
      case .openLane(let lane):
        events.schedule(.pool(agent, .laneOpened(lane)), at: now.advanced(bySeconds: 0.003))
      case .closeLane(let lane):
        events.schedule(.pool(agent, .laneClosed(lane)), at: now.advanced(bySeconds: 0.003))
      case .closeConnection(let id, _):
        model.closed(id)
        events.schedule(.pool(agent, .closed(id)), at: now.advanced(bySeconds: 0.002))
      case .grant(let request, let grant):
        guard let attempt = model.waiting.removeValue(forKey: request) else { continue }
        model.requests[attempt] = nil
        granted(attempt, grant, model)
      case .refuse(let request, _):
        guard let attempt = model.waiting.removeValue(forKey: request) else { continue }
        model.requests[attempt] = nil
        refused(attempt)
      case .stopped:
        continue
      }
    }
    guard let wake = actions.wake, wake != model.armed, seconds < scenario.duration else { return }
    model.armed = wake
    // Rounded up: a nanosecond too early would be the same instant for ever.
    let due = Timestamp(wake.offset).advanced(by: .nanoseconds(1))
    events.schedule(.pool(agent, .timer(wake)), at: max(now, due))
  }
}
