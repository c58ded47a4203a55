import AgentAPI
import SSHConfig

extension InventoryChange {
  /// What turns `old` into `new`; nil where only the whole says it: most of it changed, or what stays is in another order.
  ///
  /// Hosts count as changed when they are reached or called otherwise than before; their state is told apart. Takes time
  /// with the number of hosts.
  init?(from old: Inventory, to new: Inventory, info: (InventoryHost) -> HostInfo) {
    let known = Dictionary(old.all.map { ($0.alias, $0) }) { first, _ in first }
    let stays = Set(new.all.lazy.filter { known[$0.alias]?.isPresented(as: $0) ?? false }.map(\.alias))
    guard stays.count * 2 >= max(old.all.count, new.all.count),
      old.all.lazy.map(\.alias).filter(stays.contains)
        .elementsEqual(new.all.lazy.map(\.alias).filter(stays.contains))
    else { return nil }
    self.init()
    removed = old.all.map(\.alias).filter { !stays.contains($0) }
    placed = new.all.enumerated().compactMap { index, host in
      guard !stays.contains(host.alias) else { return nil }
      var placed = PlacedHost()
      placed.index = UInt32(index)
      placed.host = info(host)
      return placed
    }
  }

  var isEmpty: Bool { removed.isEmpty && placed.isEmpty }
}

extension InventoryHost {
  /// Whether a coordinator would be told the same of both.
  fileprivate func isPresented(as other: InventoryHost) -> Bool {
    alias == other.alias && labels == other.labels && resolved.hostName == other.resolved.hostName
      && resolved.port == other.resolved.port && resolved.user == other.resolved.user
  }
}
