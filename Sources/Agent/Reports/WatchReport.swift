import AgentAPI

/// What one watcher has been told, and so what is news to it. A value, held by the watch that it belongs to.
struct WatchReport: Sendable {
  /// The watcher knows `InventoryChange`.
  let deltas: Bool
  private var inventory: Inventory?
  private var revision: UInt64 = 0
  private var counts: (told: PoolCounts, next: ContinuousClock.Instant)?

  /// Between two reports of what the pool has counted, at least.
  static let countsInterval: Duration = .seconds(5)

  init(deltas: Bool) { self.deltas = deltas }

  /// The events that bring the watcher up to date, in the order in which they are to be sent: none where nothing changed.
  mutating func news(
    _ hosts: Inventory, _ book: HealthBook, whole: () -> DescribeReply, info: (InventoryHost) -> HostInfo
  ) -> [WatchEvent] {
    let seen = book.revision
    defer {
      inventory = hosts
      revision = seen
    }
    guard let known = inventory else { return [WatchEvent(.inventory(whole()))] }
    var events: [WatchEvent] = []
    if known.generation != hosts.generation {
      guard deltas, let change = InventoryChange(from: known, to: hosts, info: info) else {
        return [WatchEvent(.inventory(whole()))]
      }
      if !change.isEmpty { events.append(WatchEvent(.inventoryChange(change))) }
    }
    var states = HostStates()
    states.changed = book.changed(since: revision).sorted().compactMap { alias in
      (try? hosts.host(alias)).map(info)
    }
    if !states.changed.isEmpty { events.append(WatchEvent(.hostStates(states))) }
    return events
  }

  /// What the pool has counted, where that is news and its time has come.
  mutating func news(at now: ContinuousClock.Instant, counts current: () -> PoolCounts) -> PoolCounts? {
    if let counts, now < counts.next { return nil }
    let current = current()
    guard current != counts?.told else { return nil }
    counts = (current, now + Self.countsInterval)
    return current
  }
}

extension WatchEvent {
  init(_ event: OneOf_Event) {
    self.init()
    self.event = event
  }
}
