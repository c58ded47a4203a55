/// Counting lines in pieces of a file. A line ends with its newline; the last one may lack it.
enum LineCount {
  private static let newline = UInt8(ascii: "\n")

  /// How many bytes of `piece` belong to the first `lines` lines; what is still missing afterwards is left in `lines`.
  static func head(of piece: some Collection<UInt8>, lines: inout UInt32) -> Int {
    var length = 0
    for byte in piece {
      guard lines > 0 else { break }
      length += 1
      if byte == newline { lines -= 1 }
    }
    return length
  }
}

/// Finds where the last lines of a file begin, from its end backwards in blocks. A value.
///
/// The driver reads `nextBlock` and hands its bytes to `found` until there is no next block; then `start` holds.
struct TailSearch {
  struct Block: Hashable {
    var offset: UInt64
    var length: Int
  }

  static let blockSize: UInt64 = 64 * 1024
  private static let newline = UInt8(ascii: "\n")

  /// Offset of the first byte to send.
  private(set) var start: UInt64
  /// The limit was reached before all the lines were found.
  private(set) var isCut = false
  private let size: UInt64
  private let floor: UInt64
  private var missing: UInt32
  private var isDone: Bool

  /// - Parameter limit: bytes at most, counted from the end; nil: no bound.
  init(size: UInt64, lines: UInt32, limit: UInt64?) {
    self.size = size
    start = size
    floor = limit.map { size > $0 ? size - $0 : 0 } ?? 0
    missing = lines
    isDone = lines == 0 || size == 0
  }

  /// What to read next; nil when `start` is known.
  var nextBlock: Block? {
    guard !isDone else { return nil }
    let length = min(Self.blockSize, start - floor)
    return Block(offset: start - length, length: Int(length))
  }

  /// - Parameters:
  ///   - bytes: of `nextBlock`; fewer than asked when the file shrank meanwhile, which ends the search where it is.
  mutating func found(_ bytes: some BidirectionalCollection<UInt8>, at offset: UInt64) {
    var position = offset + UInt64(bytes.count)
    for byte in bytes.reversed() {
      // The newline that ends the last line begins no further one.
      if byte == Self.newline, position != size {
        missing -= 1
        if missing == 0 {
          start = position
          isDone = true
          return
        }
      }
      position -= 1
    }
    start = offset
    if start <= floor || bytes.isEmpty {
      isDone = true
      isCut = start > 0
    }
  }
}
