/// One line of a configuration, taken apart as ssh does: keyword, then the rest. A value.
///
/// Source: strdelim and argv_split of OpenSSH's misc.c.
struct ConfigLine {
  /// Lower case.
  let keyword: String
  /// What follows the keyword, its separator and trailing blanks left out.
  let rest: ArraySlice<UInt8>

  /// nil for an empty line or a comment.
  init?(_ line: ArraySlice<UInt8>) {
    var line = line
    while let last = line.last, last.isBlank || last == 0x0C { line.removeLast() }
    while let first = line.first, first.isBlank { line.removeFirst() }
    guard let first = line.first, first != UInt8(ascii: "#") else { return nil }
    var words = DelimitedWords(line)
    guard let keyword = words.next(), !keyword.isEmpty else { return nil }
    self.keyword = String(decoding: keyword, as: UTF8.self).asciiLowercased()
    rest = words.rest?.drop { $0.isBlank } ?? []
  }

  /// The rest as written.
  var text: String { String(decoding: rest, as: UTF8.self) }

  /// The rest as words: quotes of both kinds, backslash before a quote, a backslash or a blank, comment from a `#` that
  /// begins a word. nil when a quote is not closed.
  func arguments() -> [String]? {
    var words: [String] = []
    var word: [UInt8] = []
    var index = rest.startIndex
    while index < rest.endIndex {
      if rest[index] == 0x20 || rest[index] == 0x09 {
        index += 1
        continue
      }
      if rest[index] == UInt8(ascii: "#") { break }
      word.removeAll(keepingCapacity: true)
      var quote: UInt8?
      while index < rest.endIndex {
        let byte = rest[index]
        if byte == UInt8(ascii: "\\"), index + 1 < rest.endIndex, isEscapable(rest[index + 1], in: quote) {
          index += 1
          word.append(rest[index])
        } else if quote == nil, byte == 0x20 || byte == 0x09 {
          break
        } else if quote == nil, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
          quote = byte
        } else if byte == quote {
          quote = nil
        } else {
          word.append(byte)
        }
        index += 1
      }
      guard quote == nil else { return nil }
      words.append(String(decoding: word, as: UTF8.self))
    }
    return words
  }

  private func isEscapable(_ byte: UInt8, in quote: UInt8?) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\")
      || (quote == nil && byte == 0x20)
  }
}

/// Words separated by blanks or one `=`, in double quotes where they hold blanks: keywords and Match conditions. A value.
struct DelimitedWords {
  /// nil after the last word.
  private(set) var rest: ArraySlice<UInt8>?

  init(_ text: ArraySlice<UInt8>) {
    rest = text
  }

  /// nil at the end, and where a quote is not closed. A word can be empty.
  mutating func next() -> ArraySlice<UInt8>? {
    guard let text = rest else { return nil }
    guard let end = text.firstIndex(where: { $0.isBlank || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\"") }) else {
      rest = nil
      return text
    }
    if text[end] == UInt8(ascii: "\"") {
      guard let close = text[(end + 1)...].firstIndex(of: UInt8(ascii: "\"")) else {
        rest = nil
        return nil
      }
      rest = text[(close + 1)...].drop { $0.isBlank }
      return end == text.startIndex ? text[(end + 1)..<close] : text[..<end] + text[(end + 1)..<close]
    }
    var tail = text[(end + 1)...].drop { $0.isBlank }
    if text[end] != UInt8(ascii: "="), tail.first == UInt8(ascii: "=") { tail = tail.dropFirst().drop { $0.isBlank } }
    rest = tail
    return text[..<end]
  }
}
