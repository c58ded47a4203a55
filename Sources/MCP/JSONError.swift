/// Why bytes are not an acceptable JSON text.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable, Hashable {
    /// Not JSON by RFC 8259.
    case syntax
    /// Bytes or escapes that are not Unicode text.
    case invalidText
    /// A number that no finite double can hold.
    case numberOutOfRange
    /// The same key twice in one object: readers disagree on which one counts, so neither does.
    case duplicateKey
    /// Nested deeper than the bound.
    case tooDeep
    /// Longer than the bound.
    case tooLarge
  }

  package var code: Code
  package var message: String
  /// Bytes from the beginning of the text.
  package var offset: Int

  package init(code: Code, message: String, offset: Int) {
    self.code = code
    self.message = message
    self.offset = offset
  }

  package var description: String { "\(message) at byte \(offset)" }
}
