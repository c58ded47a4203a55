import Synchronization

/// The HTTP side of an MCP server, without HTTP: requests in, what to do out. Sendable: state behind a lock.
///
/// The driver's sequence, for a request that passed credentials, Host and Origin:
/// 1. `received` decides. `.respond`: write the answer. Modern requests take no lock here.
/// 2. `.run(exchange)`: `began` with a way to cancel a call, then run `exchange.calls` side by side. In one task, one after
///    the other, give every event to `progressed`, `logged`, `finished` or (when `notifications/cancelled` asked for it and
///    the call has stopped) `cancelled`, and `ticked` at `exchange.nextTick`; write the outputs in order until `.end`. Last,
///    always, `ended`.
/// 3. The connection is lost: without `survivesDisconnect` cancel the calls and leave; with it go on, and drop the outputs.
/// 4. `.listen(stream)`: write status 200 with `ListenStream.fields`, `listening` with a way to wake the task, then `next` until
///    `.end`, waiting for a wake on `.wait` and writing a comment when nothing came for a while. Last, always, `closed`.
/// 5. Once a minute or so: `sweep`.
///
/// Closures are called outside the lock, from whichever task caused it, and must return at once.
package final class MCPEndpoint: Sendable {
  package struct Settings: Sendable, Hashable {
    package var sessions = 512
    package var sessionsPerPrincipal = 256
    /// A session without use, calls or streams ends after this.
    package var sessionIdle: Duration = .seconds(30 * 60)

    package init() {}
  }

  package let server: MCPServer
  private let randomBytes: @Sendable (Int) -> [UInt8]
  private let callCount = Atomic<UInt64>(0)
  private let state: Mutex<MCPEndpointState>

  /// `randomBytes` gives that many bytes of a cryptographically secure generator.
  package init(
    server: MCPServer, settings: Settings = Settings(), randomBytes: @escaping @Sendable (_ count: Int) -> [UInt8]
  ) {
    self.server = server
    self.randomBytes = randomBytes
    var bounds = SessionTable.Bounds()
    bounds.sessions = settings.sessions
    bounds.perPrincipal = settings.sessionsPerPrincipal
    bounds.idle = settings.sessionIdle
    self.state = Mutex(MCPEndpointState(server: server, bounds: bounds))
  }

  package func received(_ request: MCPHTTPRequest, principal: String, now: ContinuousClock.Instant) -> HTTPDecision {
    switch server.read(request, id: nextCallID) {
    case .answer(let answer): return .respond(answer)
    case .call(let call): return .run(HTTPExchange(server: server, calls: [call], now: now))
    case .legacy(let request):
      let offered = request.isInitialize ? newSessionID() : ""
      return perform {
        $0.received(request, principal: principal, offeredSession: offered, now: now, id: nextCallID)
      }
    }
  }

  /// The calls of `exchange` are about to run; `cancel` stops one of them, perhaps at once.
  package func began(_ exchange: HTTPExchange, cancel: @escaping @Sendable (CallID) -> Void) {
    guard exchange.origin != nil else { return }
    perform { ((), $0.began(exchange, cancel: cancel)) }
  }

  package func progressed(
    _ exchange: inout HTTPExchange, _ call: CallID, done: Double, total: Double?, message: String,
    now: ContinuousClock.Instant
  ) -> [HTTPOutput] {
    keep(exchange.progressed(call, done: done, total: total, message: message, now: now), exchange)
  }

  package func logged(
    _ exchange: inout HTTPExchange, _ call: CallID, _ message: MCPLogMessage, now: ContinuousClock.Instant
  ) -> [HTTPOutput] {
    keep(exchange.logged(call, message, now: now), exchange)
  }

  package func ticked(_ exchange: inout HTTPExchange, now: ContinuousClock.Instant) -> [HTTPOutput] {
    keep(exchange.ticked(now: now), exchange)
  }

  /// The call has come out; if the client had taken it back meanwhile, nothing is sent for it.
  package func finished(
    _ exchange: inout HTTPExchange, _ call: CallID, _ result: MCPCallResult, now: ContinuousClock.Instant
  ) -> [HTTPOutput] {
    if exchange.origin != nil, !state.withLock({ $0.settled(call) }) {
      return keep(exchange.cancelled(call, now: now), exchange)
    }
    return keep(exchange.finished(call, result, now: now), exchange)
  }

  /// The call has been stopped because the client took it back: the exchange closes without an answer to it.
  package func cancelled(_ exchange: inout HTTPExchange, _ call: CallID, now: ContinuousClock.Instant) -> [HTTPOutput] {
    if exchange.origin != nil { _ = state.withLock { $0.settled(call) } }
    return keep(exchange.cancelled(call, now: now), exchange)
  }

  /// The driver is done with `exchange`, however it went.
  package func ended(_ exchange: HTTPExchange) {
    guard exchange.origin != nil else { return }
    perform { ((), $0.ended(exchange)) }
  }

  /// The driver stands ready for `stream`; `wake` tells it to ask `next` again.
  package func listening(_ stream: ListenStream, wake: @escaping @Sendable () -> Void) {
    perform { ((), $0.listening(stream, wake: wake)) }
  }

  package func next(_ stream: inout ListenStream) -> ListenStep { state.withLock { $0.next(&stream) } }

  /// The connection of `stream` is gone.
  package func closed(_ stream: ListenStream, now: ContinuousClock.Instant) {
    state.withLock { $0.closed(stream, now: now) }
  }

  /// Ends the sessions whose time is up. Returns how many are left.
  @discardableResult
  package func sweep(now: ContinuousClock.Instant) -> Int { perform { $0.swept(now: now) } }

  /// The sessions that are open.
  package var sessionCount: Int { state.withLock { $0.sessionCount } }

  private func nextCallID() -> CallID { CallID(callCount.add(1, ordering: .relaxed).newValue) }

  /// 128 random bits in visible ASCII.
  private func newSessionID() -> String {
    randomBytes(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private func keep(_ step: HTTPExchange.Step, _ exchange: HTTPExchange) -> [HTTPOutput] {
    if let origin = exchange.origin, !step.events.isEmpty || step.isEnd {
      perform { ((), $0.kept(step, origin)) }
    }
    return step.outputs
  }

  /// Changes the state under the lock and runs what follows from it outside.
  private func perform<Value: Sendable>(_ change: (inout MCPEndpointState) -> (Value, [MCPEndpointState.Effect]))
    -> Value
  {
    let (value, effects) = state.withLock { (state: inout MCPEndpointState) in change(&state) }
    for effect in effects { effect.run() }
    return value
  }
}
