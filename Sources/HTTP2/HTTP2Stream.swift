package import NIOCore

/// A value: the handle of one stream. Every method is called on `eventLoop`; on a stream that has closed each does nothing.
package struct HTTP2Stream: Sendable {
  package let connection: HTTP2Connection
  package let id: Int32

  package var eventLoop: any EventLoop { connection.eventLoop }

  /// Server: the response's head. Once, before any data. (A client's is given to `openStream`.)
  package func send(head: [HTTP2Header], endStream: Bool) {
    connection.core.send(head: head, endStream: endStream, on: id)
  }

  /// Queues; sent at the end of the event loop's tick, as far as the peer's windows allow.
  package func send(data: ByteBuffer, endStream: Bool) {
    connection.core.send(data: data, endStream: endStream, on: id)
  }

  /// Ends this side of the stream, after what is queued.
  package func send(trailers: [HTTP2Header]) {
    connection.core.send(trailers: trailers, on: id)
  }

  /// RST_STREAM; what is queued is dropped. `closed` follows, not from inside this call.
  package func reset(_ code: HTTP2ErrorCode) {
    connection.core.reset(code, on: id)
  }

  /// `bytes` of what was received are dealt with: the peer may send as many more.
  package func consumed(_ bytes: Int) {
    connection.core.consumed(bytes, on: id)
  }

  /// Bytes queued here that the peer's windows did not let out yet.
  package var pendingBytes: Int { connection.core.pendingBytes(on: id) }

  /// False from the high watermark on, until `writable()` is called.
  package var isWritable: Bool { connection.core.isWritable(id) }
}
