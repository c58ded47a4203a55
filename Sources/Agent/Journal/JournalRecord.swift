import NIOCore

/// One step of a command's life as the journal keeps it. A value.
struct JournalRecord: Sendable, Hashable {
  enum Step: Sendable, Hashable {
    /// The request came and nothing was begun. `body` is its SHA-256.
    case accepted(body: [UInt8])
    /// It is about to be handed to the host.
    case started
    case done(JournalResult)
    /// It may have run, and nobody can say more.
    case unknown(JournalDoubt)
    /// It provably did not run: the id is as if it had never come.
    case withdrawn
  }

  /// The request's id: 1 to 128 bytes.
  var id: String
  /// When, in seconds since 1970: the journal outlives the machine's other clocks.
  var at: Int64
  var step: Step

  init(_ id: String, at: Int64, _ step: Step) {
    self.id = id
    self.at = at
    self.step = step
  }
}

/// What a command came to. A value.
struct JournalResult: Sendable, Hashable {
  /// A `RunExit` as it goes on the wire.
  var exit: ByteBuffer
  /// The SHA-256 of all output that was delivered, in the order of its arrival.
  var digest: [UInt8]
  var output: CommandOutput

  init(exit: ByteBuffer, digest: [UInt8], output: CommandOutput) {
    self.exit = exit
    self.digest = digest
    self.output = output
  }
}

/// Why nobody can say what a command came to. A value.
struct JournalDoubt: Sendable, Hashable {
  /// A failure code as in Protocol/README.md.
  var code: String
  var message: String

  init(code: String, message: String) {
    self.code = code
    self.message = message
  }
}
