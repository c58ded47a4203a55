/// What one session may cost. A value.
///
/// libssh2 1.10 itself bounds a packet (40,000 bytes), a banner line (8,192 bytes), a channel's unread data (its window)
/// and a kex list (one packet). It does not bound the number of banner lines, nor how many messages that nobody asked
/// for it keeps: those are bounded here.
package struct SessionLimits: Sendable, Hashable {
  /// Heap bytes that libssh2 may hold for this session.
  package var memory: Int
  /// Received bytes that libssh2 has not taken yet.
  package var inbound: Int
  /// Bytes that the peer may send before its key exchange is done.
  package var handshake: Int
  /// A channel's receive window.
  package var window: UInt32

  package init(
    memory: Int = 32 << 20, inbound: Int = 4 << 20, handshake: Int = 256 << 10, window: UInt32 = 2 << 20
  ) {
    self.memory = memory
    self.inbound = inbound
    self.handshake = handshake
    self.window = window
  }
}
