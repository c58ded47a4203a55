/// Cuts a byte stream into lines of bounded length. A value.
struct LineSplitter: Sendable {
  enum Line: Sendable, Hashable {
    /// Without its line feed.
    case whole([UInt8])
    /// What exceeded the limit, thrown away up to its line feed.
    case tooLong
  }

  private let limit: Int
  private var partial: [UInt8] = []
  private var isSkipping = false

  init(limit: Int) { self.limit = limit }

  mutating func split(_ chunk: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var rest = chunk[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      take(rest[..<end])
      lines.append(isSkipping ? .tooLong : .whole(partial))
      partial = []
      isSkipping = false
      rest = rest[(end + 1)...]
    }
    take(rest)
    return lines
  }

  /// What stands after the last line feed, when nothing follows.
  mutating func finish() -> Line? {
    defer {
      partial = []
      isSkipping = false
    }
    if isSkipping { return .tooLong }
    return partial.isEmpty ? nil : .whole(partial)
  }

  private mutating func take(_ piece: ArraySlice<UInt8>) {
    guard !isSkipping else { return }
    if partial.count + piece.count > limit {
      partial = []
      isSkipping = true
    } else {
      partial.append(contentsOf: piece)
    }
  }
}
