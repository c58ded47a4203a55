/// A configuration that cannot be used: where it is wrong, what stands there and what to do. A value.
package struct SSHConfigError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: String, Sendable, Hashable {
    /// A named file is missing or cannot be read.
    case unreadable
    /// Others than the owner may write to the file.
    case permissions
    /// A line is wrong.
    case syntax
    /// Too many files, nested includes or entries.
    case tooMuch
    /// The asked name cannot be a host name, or a value has an unknown token or variable.
    case value
  }

  package var code: Code
  package var file: String
  /// From 1; nil when the whole file is meant.
  package var line: Int?
  package var message: String

  package init(_ code: Code, file: String, line: Int? = nil, _ message: String) {
    self.code = code
    self.file = file
    self.line = line
    self.message = message
  }

  package var description: String {
    line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
  }
}
