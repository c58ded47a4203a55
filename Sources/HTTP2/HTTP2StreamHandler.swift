package import NIOCore

/// Confined to its event loop: who uses a stream. Each call comes on the connection's event loop and may itself call the
/// stream; nothing is called from inside a call to the stream.
///
/// Order: `received(head:)` (client only: a server's `accept` was given the request's), any number of `received(data:)`,
/// at most one `received(trailers:)`, and at last `closed`, exactly once.
package protocol HTTP2StreamHandler: AnyObject {
  /// The response's final head; informational (1xx) heads are not reported.
  func received(head: [HTTP2Header], endStream: Bool)
  /// `data` may be empty where it only carries `endStream`. The receiver calls `HTTP2Stream.consumed(_:)` for what it has
  /// dealt with, now or later: the peer can send a window's worth beyond that. The buffer may share its memory with others.
  func received(data: ByteBuffer, endStream: Bool)
  /// The peer's last word on the stream.
  func received(trailers: [HTTP2Header])
  /// The queue had reached the high watermark and is below the low one again.
  func writable()
  /// The stream is gone and its handle does nothing any more. `nil`: both sides ended it in good order. Bytes that were
  /// received and not consumed are given back to the connection's window here.
  func closed(_ error: HTTP2Error?)
}
