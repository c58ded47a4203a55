/// The calls under way, by our own ids, and which of them a client has taken back. A value.
///
/// Clients reuse their ids, even at the same time, so those serve only to look a cancellation up, and only within the scope
/// (session or connection) from which both came.
struct InFlight: Sendable {
  private struct Entry: Sendable {
    var scope: String
    var message: MessageID
    var isCancelled = false
  }

  private var entries: [CallID: Entry] = [:]
  /// How many calls each scope has under way; never zero.
  private var counts: [String: Int] = [:]

  func contains(scope: String) -> Bool { counts[scope] != nil }

  mutating func began(_ call: MCPCall, scope: String) {
    entries[call.id] = Entry(scope: scope, message: call.message)
    counts[scope, default: 0] += 1
  }

  /// The call to stop; the newest where several go by that id. nil when it has already ended, which is no error.
  mutating func cancelled(_ message: MessageID, scope: String) -> CallID? {
    let matching = entries.filter { $0.value.scope == scope && $0.value.message == message && !$0.value.isCancelled }
    guard let id = matching.keys.max(by: { $0.number < $1.number }) else { return nil }
    entries[id]?.isCancelled = true
    return id
  }

  /// All calls to stop, since nobody is left to answer.
  mutating func cancelled(scope: String) -> [CallID] {
    let ids = entries.filter { $0.value.scope == scope && !$0.value.isCancelled }.map(\.key)
    for id in ids { entries[id]?.isCancelled = true }
    return ids.sorted { $0.number < $1.number }
  }

  func isCancelled(_ id: CallID) -> Bool { entries[id]?.isCancelled ?? false }

  /// The call has come to its end. Whether its answer is still wanted: nothing is sent for a cancelled request.
  mutating func settled(_ id: CallID) -> Bool {
    guard let entry = entries.removeValue(forKey: id) else { return false }
    let left = counts[entry.scope, default: 1] - 1
    counts[entry.scope] = left > 0 ? left : nil
    return !entry.isCancelled
  }
}
