package import NIOCore

/// One message as it goes on the wire: a byte that says "not compressed", the length in four bytes, the message. A value.
///
/// Source: grpc/doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message.
package struct FramedMessage: Sendable, Hashable {
  /// Prefix and message.
  package private(set) var bytes: ByteBuffer

  static let prefixBytes = 5

  /// The message's own length.
  package var count: Int { bytes.readableBytes - Self.prefixBytes }

  /// Copies `message` behind a prefix.
  package init(_ message: ByteBuffer) {
    var bytes = ByteBufferAllocator().buffer(capacity: Self.prefixBytes + message.readableBytes)
    Self.writePrefix(message.readableBytes, to: &bytes)
    bytes.writeImmutableBuffer(message)
    self.bytes = bytes
  }

  /// A message of `count` times `byte`, to be filled by `withUnsafeMutableBytes`: so it is serialized without a copy.
  package init(repeating byte: UInt8, count: Int) {
    var bytes = ByteBufferAllocator().buffer(capacity: Self.prefixBytes + count)
    Self.writePrefix(count, to: &bytes)
    bytes.writeRepeatingByte(byte, count: count)
    self.bytes = bytes
  }

  /// The message's own bytes.
  package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try bytes.withUnsafeReadableBytes { try body(UnsafeRawBufferPointer(rebasing: $0.dropFirst(Self.prefixBytes))) }
  }

  /// The message's own bytes.
  package mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    try bytes.withUnsafeMutableReadableBytes {
      try body(UnsafeMutableRawBufferPointer(rebasing: $0.dropFirst(Self.prefixBytes)))
    }
  }

  private static func writePrefix(_ count: Int, to bytes: inout ByteBuffer) {
    bytes.writeInteger(0, as: UInt8.self)
    bytes.writeInteger(UInt32(clamping: count))
  }
}
