/// Bytes that wait to be sent. What the user of a session already holds conforms to this, so that the bytes are copied once,
/// from there into the output.
package protocol Payload: Sendable {
  /// Does not change while the payload is queued.
  var readableBytes: Int { get }
  func withUnsafeReadableBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R
}

extension [UInt8]: Payload {
  package var readableBytes: Int { count }

  package func withUnsafeReadableBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try unsafe withUnsafeBytes(body)
  }
}
