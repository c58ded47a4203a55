/// One client on stdin and stdout: lines in, what to do out. A value, owned by the driver (one task, or behind its lock).
///
/// The era is decided for each request by itself and never locks the connection: real clients try one and fall back.
/// The driver's sequence: every line (without its end) to `received`; run what it says; give what the calls tell to `progressed`
/// and `logged`, their results to `finished` (also those of cancelled ones), and `ticked` at `nextTick`. Whatever these return
/// is written as it is, whole lines with their end. When stdin ends: cancel the calls and exit.
package struct StdioConversation: Sendable {
  package enum Decision: Sendable {
    case write([UInt8])
    /// Start the call; it ends in `finished`.
    case run(MCPCall)
    /// Stop the call; its `finished` will say nothing.
    case cancel(CallID)
  }

  private let server: MCPServer
  /// What `initialize` negotiated last.
  private var revision = MCPRevision.newestLegacy
  private var logLevel: MCPLogLevel?
  private var inFlight = InFlight()
  private var calls: [CallID: Call] = [:]
  private var batches: [UInt64: Batch] = [:]
  private var callCount: UInt64 = 0
  private var batchCount: UInt64 = 0

  private struct Call: Sendable {
    var call: MCPCall
    var gate: ProgressGate?
    var batch: UInt64?
  }

  /// A batch's answer is one array, written when its last call is settled.
  private struct Batch: Sendable {
    var replies: [RPCReply]
    var open: Int
  }

  package init(server: MCPServer) { self.server = server }

  /// The calls that have been started and have not finished.
  package var callsUnderWay: [CallID] { calls.keys.sorted { $0.number < $1.number } }

  /// When `ticked` has something to write; nil while nothing asked for progress.
  package var nextTick: ContinuousClock.Instant? { calls.values.compactMap(\.gate?.due).min() }

  package mutating func received(_ line: [UInt8], now: ContinuousClock.Instant) -> [Decision] {
    let isBlank = line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
    if isBlank { return [] }
    do throws(RPCRejection) {
      let value: JSON
      do throws(JSONError) { value = try JSON(parsing: line, bounds: server.limits.message) } catch {
        throw RPCRejection(RPCError(.parseError, "Parse error: \(error)"))
      }
      if let messages = value.array { return try batched(messages, now) }
      switch try RPCMessage(value) {
      case .request(let request): return requested(request, now)
      case .notification(let notification): return noted(notification)
      case .response: return []
      }
    } catch {
      return [.write(Self.line(RPCReply(error).json))]
    }
  }

  package mutating func progressed(
    _ id: CallID, done: Double, total: Double?, message: String, now: ContinuousClock.Instant
  ) -> [UInt8] {
    guard !inFlight.isCancelled(id) else { return [] }
    return calls[id]?.gate?.reported(done: done, total: total, message: message, now: now).map(Self.line) ?? []
  }

  package func logged(_ id: CallID, _ message: MCPLogMessage) -> [UInt8] {
    guard !inFlight.isCancelled(id), let call = calls[id]?.call else { return [] }
    return message.notification(for: call).map(Self.line) ?? []
  }

  package mutating func ticked(now: ContinuousClock.Instant) -> [UInt8] {
    callsUnderWay.flatMap { id -> [UInt8] in
      guard let note = calls[id]?.gate?.elapsed(now: now), !inFlight.isCancelled(id) else { return [] }
      return Self.line(note)
    }
  }

  package mutating func finished(_ id: CallID, _ result: MCPCallResult) -> [UInt8] {
    guard let call = calls.removeValue(forKey: id) else { return [] }
    let isWanted = inFlight.settled(id)
    guard let number = call.batch else { return isWanted ? Self.line(server.reply(to: call.call, result).json) : [] }
    if isWanted { batches[number]?.replies.append(server.reply(to: call.call, result)) }
    batches[number]?.open -= 1
    guard let batch = batches[number], batch.open == 0 else { return [] }
    batches[number] = nil
    return batch.replies.isEmpty ? [] : Self.line(.array(batch.replies.map(\.json)))
  }

  private mutating func requested(_ request: RPCRequest, _ now: ContinuousClock.Instant) -> [Decision] {
    switch answer(request) {
    case .reply(let reply): return [.write(Self.line(reply.json))]
    case .call(let call):
      started(call, batch: nil, now)
      return [.run(call)]
    }
  }

  private mutating func batched(_ messages: [JSON], _ now: ContinuousClock.Instant) throws(RPCRejection) -> [Decision] {
    guard revision.hasBatches else { throw RPCRejection(.oneMessage) }
    guard (1...server.limits.batch).contains(messages.count) else {
      throw RPCRejection(RPCError(.invalidRequest, "A batch holds 1 to \(server.limits.batch) messages"))
    }
    batchCount += 1
    var batch = Batch(replies: [], open: 0)
    var decisions: [Decision] = []
    for message in messages {
      do throws(RPCRejection) {
        switch try RPCMessage(message) {
        case .request(let request) where request.method == "initialize":
          throw RPCRejection(id: request.id, RPCError(.invalidRequest, "initialize cannot be in a batch"))
        case .request(let request):
          switch answer(request) {
          case .reply(let reply): batch.replies.append(reply)
          case .call(let call):
            started(call, batch: batchCount, now)
            batch.open += 1
            decisions.append(.run(call))
          }
        case .notification(let notification): decisions += noted(notification)
        case .response: continue
        }
      } catch { batch.replies.append(RPCReply(error)) }
    }
    if batch.open > 0 {
      batches[batchCount] = batch
    } else if !batch.replies.isEmpty {
      decisions.append(.write(Self.line(.array(batch.replies.map(\.json)))))
    }
    return decisions
  }

  private mutating func started(_ call: MCPCall, batch: UInt64?, _ now: ContinuousClock.Instant) {
    inFlight.began(call, scope: Self.scope)
    calls[call.id] = Call(call: call, gate: ProgressGate(call, now: now), batch: batch)
  }

  private enum Answer {
    case reply(RPCReply)
    case call(MCPCall)
  }

  /// `initialize` is legacy, a request with the version in its `_meta` is modern, any other is legacy.
  private mutating func answer(_ request: RPCRequest) -> Answer {
    let dispatch: Dispatch
    if request.method != "initialize", ModernCheck.isEnveloped(request.params) {
      do {
        let revision = try ModernCheck.check(request, headers: nil)
        dispatch = server.dispatchModern(request, revision: revision) { nextCallID() }
      } catch { dispatch = .failure(error) }
    } else {
      dispatch = server.dispatchLegacy(request, revision: revision, logLevel: logLevel) { nextCallID() }
    }
    switch dispatch {
    case .call(let call): return .call(call)
    case .result(let result): return .reply(RPCReply(id: request.id, .success(result)))
    case .failure(let error): return .reply(RPCReply(id: request.id, .failure(error)))
    case .initialize(let negotiated, let result):
      revision = negotiated
      logLevel = nil
      return .reply(RPCReply(id: request.id, .success(result)))
    case .setLogLevel(let level):
      logLevel = level
      return .reply(RPCReply(id: request.id, .success([:])))
    }
  }

  private mutating func noted(_ notification: RPCNotification) -> [Decision] {
    guard notification.method == "notifications/cancelled", let message = MessageID(notification.params["requestId"]),
      let call = inFlight.cancelled(message, scope: Self.scope)
    else { return [] }
    return [.cancel(call)]
  }

  private mutating func nextCallID() -> CallID {
    callCount += 1
    return CallID(callCount)
  }

  /// There is one client only.
  private static let scope = ""

  private static func line(_ value: JSON) -> [UInt8] { value.serialized() + [UInt8(ascii: "\n")] }
}
