/// Names an event of a legacy session: the stream it belongs to and its place in it. A value.
struct EventID: Sendable, Hashable, CustomStringConvertible {
  /// Within the session; 0 is the stream that a plain GET opens.
  var stream: UInt64
  /// From 1.
  var sequence: UInt64

  var description: String { "\(stream)-\(sequence)" }

  init(stream: UInt64, sequence: UInt64) {
    self.stream = stream
    self.sequence = sequence
  }

  /// Only what `description` writes.
  init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard text.utf8.count <= 41, parts.count == 2, let stream = UInt64(parts[0]), let sequence = UInt64(parts[1]) else {
      return nil
    }
    self.init(stream: stream, sequence: sequence)
    guard description == text else { return nil }
  }
}
