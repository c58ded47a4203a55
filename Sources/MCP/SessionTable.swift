/// The legacy sessions: bounded in number, bound to who opened them, gone after a time without use. A value.
struct SessionTable: Sendable {
  struct Bounds: Sendable, Hashable {
    var sessions = 512
    var perPrincipal = 256
    /// Without a request, a call under way or an open stream.
    var idle: Duration = .seconds(30 * 60)
    /// A session of somebody else gives way to a new one only after this long without use.
    var foreignGrace: Duration = .seconds(60)
    var replay = ReplayBuffer.Bounds()
    /// What all sessions together hold for replay; beyond it nothing is added.
    var replayBytes = 64 << 20
  }

  private let bounds: Bounds
  private var sessions: [String: LegacySession] = [:]
  private(set) var replayBytes = 0

  init(bounds: Bounds = Bounds()) { self.bounds = bounds }

  var count: Int { sessions.count }

  /// Opens a session where there is room or room can be made: by expired sessions first, then the principal's least
  /// recently used one, then anybody's that has rested for `foreignGrace`. `isBusy` says whether calls are under way in one.
  /// False when there is none to be had. The sessions that made room stand in `ended`.
  mutating func opened(
    id: String, principal: String, revision: MCPRevision, now: ContinuousClock.Instant, isBusy: (String) -> Bool,
    ended: inout [LegacySession]
  ) -> Bool {
    ended += expired(now: now, isBusy: isBusy)
    let own = sessions.values.filter { $0.principal == principal }
    if own.count >= bounds.perPrincipal || sessions.count >= bounds.sessions {
      let others = own.count >= bounds.perPrincipal ? [] : foreign(to: principal, now: now)
      guard let oldest = leastRecentlyUsed(own, isBusy) ?? leastRecentlyUsed(others, isBusy) else { return false }
      if let session = removed(oldest.id) { ended.append(session) }
    }
    sessions[id] = LegacySession(id: id, principal: principal, revision: revision, replay: bounds.replay, now: now)
    return true
  }

  /// The session, now used; nil where there is none, or none of this principal's.
  mutating func used(id: String, principal: String, now: ContinuousClock.Instant) -> LegacySession? {
    guard var session = sessions[id], session.principal == principal else { return nil }
    session.lastUsed = now
    sessions[id] = session
    return session
  }

  /// Removes and returns the sessions whose time is up.
  mutating func expired(now: ContinuousClock.Instant, isBusy: (String) -> Bool) -> [LegacySession] {
    let over = sessions.values.filter { $0.lastUsed + bounds.idle <= now && isIdle($0, isBusy) }
    return over.compactMap { removed($0.id) }
  }

  mutating func removed(_ id: String) -> LegacySession? {
    guard let session = sessions.removeValue(forKey: id) else { return nil }
    replayBytes -= session.replay.byteCount
    return session
  }

  /// Changes a session in place; nil where it is gone.
  mutating func update<Result>(_ id: String, _ body: (inout LegacySession) -> Result) -> Result? {
    guard let index = sessions.index(forKey: id) else { return nil }
    let before = sessions.values[index].replay.byteCount
    let result = body(&sessions.values[index])
    replayBytes += sessions.values[index].replay.byteCount - before
    return result
  }

  func session(_ id: String) -> LegacySession? { sessions[id] }

  var hasRoomForReplay: Bool { replayBytes < bounds.replayBytes }

  private func foreign(to principal: String, now: ContinuousClock.Instant) -> [LegacySession] {
    sessions.values.filter { $0.principal != principal && $0.lastUsed + bounds.foreignGrace <= now }
  }

  private func leastRecentlyUsed(_ candidates: [LegacySession], _ isBusy: (String) -> Bool) -> LegacySession? {
    candidates.filter { isIdle($0, isBusy) }.min { ($0.lastUsed, $0.id) < ($1.lastUsed, $1.id) }
  }

  private func isIdle(_ session: LegacySession, _ isBusy: (String) -> Bool) -> Bool {
    session.listeners.isEmpty && !isBusy(session.id)
  }
}
