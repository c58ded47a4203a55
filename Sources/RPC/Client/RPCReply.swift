package import NIOCore

/// What a call with one answer gives. A value.
package struct RPCReply: Sendable, Hashable {
  /// The message, without its prefix. The buffer may share its memory with others.
  package var message: ByteBuffer
  /// What came beside the status.
  package var trailers: RPCMetadata
}
