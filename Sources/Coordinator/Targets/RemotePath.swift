#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A path on a host: absolute, `~`, or under `~/` (the login directory). A value; equal when its bytes are (Swift's strings
/// would call two spellings of the same accent equal, a file system does not).
///
/// Everything but NUL is data: spaces, quotes, newlines, leading dashes and `..data` stay as they are and never meet a shell.
package struct RemotePath: Sendable, Hashable {
  /// PATH_MAX less its NUL, in bytes.
  package static let lengthLimit = 4095

  package let text: String

  package init(_ text: String) throws(TargetError) {
    self.text = text
    guard !text.isEmpty else { throw TargetError("Path cannot be empty") }
    guard !text.utf8.contains(0) else {
      throw TargetError("Path contains null byte: \(ReadableText.escaped(text))")
    }
    guard text.utf8.count <= Self.lengthLimit else {
      throw TargetError("Path too long: \(text.utf8.count) bytes, at most \(Self.lengthLimit)")
    }
    let start = Array(text.utf8.prefix(2))
    if start[0] == UInt8(ascii: "/") || start == Array("~".utf8) || start == Array("~/".utf8) { return }
    let shown = ReadableText.escaped(text)
    var meant = shown
    while meant.hasPrefix("./") { meant.removeFirst(2) }
    if meant == "." { meant = "" }
    throw TargetError(
      start[0] == UInt8(ascii: "~")
        ? "Path '\(shown)' names another account's home: write ~/... for the login directory, or the absolute path"
        : "Path '\(shown)' is relative: write /\(meant) or ~/\(meant)")
  }
}

extension RemotePath {
  package static func == (left: RemotePath, right: RemotePath) -> Bool {
    var (left, right) = (left.text, right.text)
    return left.withUTF8 { left in
      right.withUTF8 { right in
        left.count == right.count && memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
      }
    }
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
