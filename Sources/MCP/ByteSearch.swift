/// Eight bytes that are tested at once, the first in the lowest bits. A value.
///
/// A test answers with 0x80 in each byte that passes and 0 in the others, so that answers combine by `|` and `&`, and no byte
/// carries into its neighbour. Source: S. E. Anderson, "Bit Twiddling Hacks", on words with a zero byte.
@usableFromInline
package struct EightBytes {
  @usableFromInline package let word: UInt64

  @inlinable
  package init(word: UInt64) { self.word = word }

  @inlinable
  package func equal(to byte: UInt8) -> UInt64 {
    let difference = word ^ Self.all(byte)
    return ~(((difference & Self.all(0x7F)) &+ Self.all(0x7F)) | difference) & Self.all(0x80)
  }

  /// - Parameter limit: 1...0x80.
  @inlinable
  package func below(_ limit: UInt8) -> UInt64 {
    ~(((word & Self.all(0x7F)) &+ Self.all(0x80 &- limit)) | word) & Self.all(0x80)
  }

  /// False where every byte is printable ASCII: a quick look before tests that tell more.
  @inlinable
  package var hasUnprintable: Bool {
    let below = word &- Self.all(0x20)
    let delete = (word ^ Self.all(0x7F)) &- Self.all(1)
    return (below | delete | word) & Self.all(0x80) != 0
  }

  @inlinable
  package var aboveASCII: UInt64 { word & Self.all(0x80) }

  @inlinable
  package static func all(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }
}

extension UnsafeBufferPointer<UInt8> {
  /// The first index from `start` on whose byte is `sought`; nil where there is none. Whole files pass here: eight bytes at a
  /// time take a tenth of what they take one by one.
  /// - Parameter start: at most `count`.
  @inlinable
  package func firstIndex(from start: Int, where sought: (EightBytes) -> UInt64) -> Int? {
    let bytes = UnsafeRawBufferPointer(self)
    var index = start
    while index + 8 <= count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let found = sought(EightBytes(word: word))
      if found != 0 { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    guard index < count else { return nil }
    var word: UInt64 = 0
    for place in index..<count { word |= UInt64(self[place]) << UInt64(8 * (place - index)) }
    let found = sought(EightBytes(word: word)) & (1 << UInt64(8 * (count - index)) - 1)
    return found == 0 ? nil : index + found.trailingZeroBitCount / 8
  }
}
