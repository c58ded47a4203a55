import MCP
import NIOCore
import Telemetry

/// Runs the calls of one request and writes what the endpoint says of them.
extension HTTPDoor {
  func run(
    _ exchange: HTTPExchange, of principal: String, _ answer: inout AnswerWriter, _ connection: HTTPConnection
  ) async {
    defer { endpoint.ended(exchange) }
    let count = exchange.calls.count
    guard callsInFlight.add(count) <= settings.limits.calls else {
      callsInFlight.add(-count)
      metrics.refused(.concurrency)
      return await answer.write(.overloaded)
    }
    defer { callsInFlight.add(-count) }

    let mailbox = Mailbox<ExchangeEvent>()
    let scopes = Dictionary(uniqueKeysWithValues: exchange.calls.map { ($0.id, CallScope()) })
    endpoint.began(exchange) { mailbox.put(.cancel($0)) }
    connection.attach(mailbox)
    defer { connection.detach() }

    await withDiscardingTaskGroup { group in
      for call in exchange.calls {
        group.addTask { await self.run(call, of: principal, in: scopes[call.id], mailbox) }
      }
      await drive(exchange, scopes, mailbox, &answer, connection)
      for scope in scopes.values { scope.cancel() }
    }
  }

  private func run(_ call: MCPCall, of principal: String, in scope: CallScope?, _ mailbox: Mailbox<ExchangeEvent>) async
  {
    await scope?.run {
      // A word or two for each host, whose number is bounded: none is dropped, however many fail at once.
      let result = await self.runner.run(
        call, principal: principal, log: { mailbox.put(.logged(call.id, $0)) },
        progress: { done, total, message in
          mailbox.put(.progressed(call.id, done: done, total: total, message: message))
        })
      mailbox.put(.finished(call.id, result))
    }
  }

  /// Until the answer is complete, or nobody waits for it any more.
  private func drive(
    _ started: HTTPExchange, _ scopes: [CallID: CallScope], _ mailbox: Mailbox<ExchangeEvent>,
    _ answer: inout AnswerWriter, _ connection: HTTPConnection
  ) async {
    var exchange = started
    var timerDue = ContinuousClock.now + .seconds(3600)
    while !exchange.isEnded {
      wake(at: exchange.nextTick, &timerDue, mailbox, connection)
      let outputs: [HTTPOutput]
      switch await mailbox.next() {
      case .progressed(let call, let done, let total, let message):
        outputs = endpoint.progressed(&exchange, call, done: done, total: total, message: message, now: .now)
      case .logged(let call, let message):
        outputs = endpoint.logged(&exchange, call, message, now: .now)
      case .finished(let call, let result):
        outputs = endpoint.finished(&exchange, call, result, now: .now)
      case .cancel(let call):
        // The call's end follows as its result, which the endpoint then drops.
        exchange.silenced(call)
        scopes[call]?.cancel()
        continue
      case .wake:
        outputs = endpoint.ticked(&exchange, now: .now)
      case .lost:
        guard exchange.survivesDisconnect else { return }
        continue
      case .drain: continue
      case .abort: return
      }
      await answer.write(outputs)
      if !answer.isOpen, !exchange.survivesDisconnect { return }
    }
  }

  /// Sees to it that the mailbox gets a `wake` when something becomes due: by the ticker, or by a timer of its own where
  /// that would be too late.
  private func wake(
    at due: ContinuousClock.Instant, _ timerDue: inout ContinuousClock.Instant, _ mailbox: Mailbox<ExchangeEvent>,
    _ connection: HTTPConnection
  ) {
    let now = ContinuousClock.now
    if timerDue <= now { timerDue = now + .seconds(3600) }
    guard due < now + .seconds(2) else { return connection.wake(at: due) }
    guard due < timerDue else { return }
    timerDue = due
    connection.channel.eventLoop.scheduleTask(in: TimeAmount(max(.zero, due - now))) { mailbox.put(.wake, limit: 64) }
  }
}
