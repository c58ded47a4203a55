/// Which known names a mistyped one may have meant.
package enum NearestNames {
  /// Nearest first, at most `count`; names further off than a third of their length (at least 2 edits) are not offered.
  package static func of(_ name: String, in known: [String], count: Int = 3) -> [String] {
    let typed = Array(name.lowercased().utf8.prefix(64))
    let bound = max(2, typed.count / 3)
    return
      known.prefix(10_000).enumerated()
      .compactMap { index, candidate -> (name: String, distance: Int, index: Int)? in
        let other = Array(candidate.lowercased().utf8.prefix(64))
        guard abs(other.count - typed.count) <= bound else { return nil }
        let distance = distance(typed, other)
        return distance <= bound ? (candidate, distance, index) : nil
      }
      .sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }
      .prefix(count)
      .map(\.name)
  }

  /// Insertions, deletions, replacements and swaps of neighbours (Damerau-Levenshtein, restricted).
  static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var before = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    var row = last
    for i in 1...a.count {
      row[0] = i
      for j in 1...b.count {
        let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        row[j] = min(last[j] + 1, row[j - 1] + 1, replaced)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          row[j] = min(row[j], before[j - 2] + 1)
        }
      }
      (before, last, row) = (last, row, before)
    }
    return last[b.count]
  }
}
