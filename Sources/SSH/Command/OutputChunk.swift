package import NIOCore

/// A piece of a remote command's output, in the order of its stream. A value.
package struct OutputChunk: Sendable, Hashable {
  package enum Stream: Sendable, Hashable {
    case stdout
    case stderr
  }

  package var stream: Stream
  package var bytes: ByteBuffer

  package init(stream: Stream, bytes: ByteBuffer) {
    self.stream = stream
    self.bytes = bytes
  }
}
