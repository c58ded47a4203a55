/// What is wrong with a line, before file and line number are known. A value.
struct LineFault: Error, Sendable {
  let message: String

  init(_ message: String) {
    self.message = message
  }
}
