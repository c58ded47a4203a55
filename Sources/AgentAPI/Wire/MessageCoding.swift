import NIOCore
import RPC
import SwiftProtobuf

/// Protobuf writes into the frame itself: no copy between the message and the wire.
extension FramedMessage: SwiftProtobufContiguousBytes {
  package init<S: Sequence>(_ sequence: S) where S.Element == UInt8 {
    self.init(ByteBuffer(bytes: sequence))
  }
}

extension SwiftProtobuf.Message {
  /// The message as it goes on the wire.
  func framed() throws(RPCError) -> FramedMessage {
    do {
      return try serializedBytes()
    } catch {
      throw RPCError(.internal, "\(Self.protoMessageName) cannot be written: \(error)", mayHaveRun: false)
    }
  }

  /// - Throws: `invalidArgument` for bytes that are not such a message.
  init(received bytes: ByteBuffer) throws(RPCError) {
    do {
      try self.init(serializedBytes: ReceivedBytes(buffer: bytes))
    } catch {
      throw RPCError(.invalidArgument, "the bytes are not a \(Self.protoMessageName)")
    }
  }

  /// - Throws: `internal` for bytes that are not such a message: the other side's fault, not the question's.
  init(answered bytes: ByteBuffer) throws(RPCError) {
    do throws(RPCError) {
      try self.init(received: bytes)
    } catch {
      throw RPCError(.internal, error.message)
    }
  }
}

/// A received message's bytes as protobuf reads them, in place. A value.
private struct ReceivedBytes: SwiftProtobufContiguousBytes {
  var buffer: ByteBuffer

  init(buffer: ByteBuffer) {
    self.buffer = buffer
  }

  init(repeating byte: UInt8, count: Int) {
    buffer = ByteBuffer(repeating: byte, count: count)
  }

  init<S: Sequence>(_ sequence: S) where S.Element == UInt8 {
    buffer = ByteBuffer(bytes: sequence)
  }

  var count: Int { buffer.readableBytes }

  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try buffer.withUnsafeReadableBytes(body)
  }

  mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    try buffer.withUnsafeMutableReadableBytes(body)
  }
}
