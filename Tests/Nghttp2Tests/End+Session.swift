import Nghttp2

// What `#expect` cannot ask of a noncopyable session itself.
extension End {
  var openStreams: Int { session.openStreams }
  var wantsRead: Bool { session.wantsRead }
  var wantsWrite: Bool { session.wantsWrite }
  var mayRequest: Bool { session.mayRequest }
  var lastSentStream: StreamID { session.lastSentStream }
  var provokedResets: Int { session.provokedResets }
  var violation: String? { session.violation }

  func request(_ head: HeaderBlock, endStream: Bool) throws -> StreamID {
    try session.request(head, endStream: endStream)
  }

  func respond(_ head: HeaderBlock, on stream: StreamID, endStream: Bool) -> Bool {
    session.respond(head, on: stream, endStream: endStream)
  }

  func queue(_ bytes: [UInt8], on stream: StreamID, endStream: Bool) -> Bool {
    session.queue(bytes, on: stream, endStream: endStream)
  }

  func queue(trailers: HeaderBlock, on stream: StreamID) -> Bool { session.queue(trailers: trailers, on: stream) }
  func reset(_ stream: StreamID, code: UInt32) -> Bool { session.reset(stream, code: code) }
  func consume(_ bytes: Int, on stream: StreamID) -> Bool { session.consume(bytes, on: stream) }
  func ping(_ payload: UInt64) -> Bool { session.ping(payload) }
  func goAway(code: UInt32) -> Bool { session.goAway(code: code) }
  func shutdownNotice() -> Bool { session.shutdownNotice() }
  func pendingBytes(on stream: StreamID) -> Int { session.pendingBytes(on: stream) }
  func isWritable(_ stream: StreamID) -> Bool { session.isWritable(stream) }
}
