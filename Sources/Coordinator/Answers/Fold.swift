/// Gathers equal answers: which items belong together, and in what order the groups are shown.
package enum Fold {
  /// Groups of indices into `keys`, the largest group first, equals in the order of their first member; members in order.
  package static func groups<Key: Hashable>(_ keys: [Key]) -> [[Int]] {
    if keys.count == 1 { return [[0]] }
    var places: [Key: Int] = [:]
    var groups: [[Int]] = []
    for (index, key) in keys.enumerated() {
      if let place = places[key] {
        groups[place].append(index)
      } else {
        places[key] = groups.count
        groups.append([index])
      }
    }
    return groups.enumerated()
      .sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
      .map(\.element)
  }
}
