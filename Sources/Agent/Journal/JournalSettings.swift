/// The bounds of the journal. A value.
package struct JournalSettings: Sendable, Hashable {
  /// Commands that it knows at most. One more is refused until the oldest that has ended may be forgotten.
  package var entries = 10_000
  /// Commands under way at most; each may hold `AgentSettings.maxOutput` in memory.
  package var running = 64
  /// Seconds after which a command that has ended is forgotten.
  package var age: Int64 = 3600
  /// Seconds for which none is forgotten, however many come: longer than any call lasts, so nobody can still ask.
  package var leastAge: Int64 = 660
  /// Bytes of output that are kept of one command, for whoever asks again.
  package var keptOutput = 256 << 10
  /// Bytes of output that are kept of all; the oldest goes first, its exit stays.
  package var outputBytes = 24 << 20
  /// Bytes that the file may have over twice what was worth keeping when it was last rewritten.
  package var slack = 4 << 20

  package init() {}
}
