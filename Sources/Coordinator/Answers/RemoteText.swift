import FoundationEssentials

/// Decides how remote bytes are shown: as text where they are UTF-8, as base64 where not.
enum RemoteText {
  struct Shown {
    var content: String
    var encoding: FileContent.Encoding
    /// Bytes of the source that `content` stands for.
    var bytes: Range<Int>
    /// Forced into text: what is not UTF-8 stands as U+FFFD.
    var isRepaired = false
  }

  /// - Parameters:
  ///   - all: the bytes there are.
  ///   - share: how large the content may be, in bytes of its own spelling.
  ///   - keepEnd: where the share cuts, the last bytes are kept rather than the first.
  ///   - isPart: more bytes follow that are not here, or precede where the end is kept, so that the character there may be a part.
  static func show(
    _ all: Data, share: Int, keepEnd: Bool, isPart: Bool, encoding: ReadRequestOptions.Encoding
  ) -> Shown {
    var bytes = keepEnd ? all.suffix(share) : all.prefix(share)
    if encoding != .base64 {
      var text = bytes
      if isPart || bytes.count < all.count { text = keepEnd ? withoutPartialStart(text) : withoutPartialEnd(text) }
      // Less than a character: shown as bytes, or whoever goes on would never get past it.
      if text.isEmpty { text = bytes }
      if let content = String(validating: text, as: UTF8.self) {
        return Shown(content: content, encoding: .text, bytes: range(text, in: all))
      }
      if encoding == .text {
        let content = String(decoding: text, as: UTF8.self)
        return Shown(content: content, encoding: .text, bytes: range(text, in: all), isRepaired: true)
      }
    }
    let room = max(1, share / 4 * 3)
    if bytes.count > room { bytes = keepEnd ? bytes.suffix(room) : bytes.prefix(room) }
    return Shown(content: bytes.base64EncodedString(), encoding: .base64, bytes: range(bytes, in: all))
  }

  private static func range(_ slice: Data, in all: Data) -> Range<Int> {
    slice.startIndex - all.startIndex..<slice.endIndex - all.startIndex
  }

  /// Without the beginning of a character whose rest was cut off.
  private static func withoutPartialEnd(_ bytes: Data) -> Data {
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.endIndex - back]
      if byte & 0b1100_0000 == 0b1000_0000 { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return length > back ? bytes.dropLast(back) : bytes
    }
    return bytes
  }

  /// Without the rest of a character whose beginning was cut off.
  private static func withoutPartialStart(_ bytes: Data) -> Data {
    bytes.dropFirst(bytes.prefix(3).prefix { $0 & 0b1100_0000 == 0b1000_0000 }.count)
  }
}
