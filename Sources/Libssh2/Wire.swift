import CSSH2

/// The memory between libssh2's callbacks and the owner of the session. Confined to whoever owns the session.
///
/// Callbacks only move bytes and take notes: they never call back into libssh2 or out to the application.
@safe
final class Wire {
  /// Bytes from the peer; those before `inboundStart` are taken.
  var inbound: [UInt8] = []
  var inboundStart = 0
  /// Bytes for the peer.
  var outbound: [UInt8] = []
  /// The transport has ended: once `inbound` is empty libssh2 reads an end of file.
  var hasEnded = false
  /// The session is being freed: nobody will take `outbound` any more.
  var discardsOutbound = false
  /// SSH_MSG_DISCONNECT's text, at most 256 bytes of it.
  var goodbye: String?

  /// Heap bytes that libssh2 holds, and the first of its blocks.
  var heldMemory = 0
  var blocks: UnsafeMutablePointer<MemoryBlock>?
  let memoryLimit: Int
  var memoryWasRefused = false

  /// Public-key authentication by somebody else's key: what is to be signed, then the signature.
  var dataToSign: [UInt8]?
  var signature: [UInt8]?
  /// Answers to keyboard-interactive prompts that hide what is typed.
  var secretAnswer: [UInt8] = []

  init(memoryLimit: Int) {
    self.memoryLimit = memoryLimit
  }

  var unreadCount: Int { inbound.count - inboundStart }

  func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { source in
      unsafe inbound.append(contentsOf: source)
    }
  }

  /// Gives up to `destination.count` bytes to libssh2. Returns how many.
  func take(into destination: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(destination.count, unreadCount)
    unsafe inbound.withUnsafeBytes { source in
      unsafe destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[inboundStart..<inboundStart + count]))
    }
    inboundStart += count
    if inboundStart == inbound.count {
      inboundStart = 0
      // A burst must not stay allocated with each of hundreds of idle connections.
      inbound.removeAll(keepingCapacity: inbound.capacity <= 64 << 10)
    }
    return count
  }

  static func of(_ abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> Wire? {
    guard let opaque = unsafe abstract?.pointee else { return nil }
    return unsafe Unmanaged<Wire>.fromOpaque(opaque).takeUnretainedValue()
  }
}
