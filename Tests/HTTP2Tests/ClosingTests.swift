import Nghttp2
import Testing

@testable import HTTP2

/// What a stream's end means to its user.
@Suite struct ClosingTests {
  @Test(
    arguments: [
      (0, Event.Closer.session, false, nil, false), (0, .peer, true, nil, false),
      (0, .peer, false, HTTP2Error.Code.streamReset(.noError), true), (8, .peer, false, .streamReset(.cancel), true),
      (8, .user, false, .streamReset(.cancel), true), (7, .peer, false, .refusedStream, false),
      (7, .session, false, .refusedStream, false), (2, .violation, false, .protocolViolation, true),
      (999, .peer, false, .streamReset(.internalError), true),
    ] as [(UInt32, Event.Closer, Bool, HTTP2Error.Code?, Bool)])
  func codes(code: UInt32, by closer: Event.Closer, peerEnded: Bool, expected: HTTP2Error.Code?, maybe: Bool) {
    let state = StreamState(peerEnded: peerEnded)
    let error = HTTP2Error(closed: code, by: closer, state: state, sent: true)
    #expect(error?.code == expected)
    #expect((error?.maybeProcessed ?? false) == maybe)
  }

  @Test func aRefusalBehindAHeadIsNone() {
    let error = HTTP2Error(closed: 7, by: .peer, state: StreamState(hasHead: true), sent: true)
    #expect(error?.code == .streamReset(.refusedStream))
    #expect(error?.maybeProcessed == true)
  }

  @Test func whatNeverLeftWasNotProcessed() {
    let error = HTTP2Error(closed: 8, by: .user, state: StreamState(), sent: false)
    #expect(error?.maybeProcessed == false)
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("127.255.0.1", true), ("::1", true), ("localhost", true), ("128.0.0.1", false), ("::", false),
    ("::ffff:10.0.0.1", false), ("127.0.0.1.example.org", false), ("", false), ("12.7.0.1", false),
  ])
  func loopback(host: String, isLoopback: Bool) {
    #expect(Loopback.contains(host) == isLoopback)
  }
}
