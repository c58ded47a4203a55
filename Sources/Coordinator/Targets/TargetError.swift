/// A target, selector or argument that cannot be understood. The message is for the person (or model) who wrote it: it says what to write instead.
package struct TargetError: Error, Sendable, Hashable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) {
    self.message = message
  }

  package var description: String { message }
}
