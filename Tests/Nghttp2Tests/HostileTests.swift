import Nghttp2
import Testing

/// What a peer may send to do harm: nothing of it traps, and nothing makes this side keep more than its bounds.
@Suite struct HostileTests {
  @Test func whatIsNotHTTP2IsRefused() throws {
    let server = try End(.server)
    let error = #expect(throws: SessionError.self) { try server.receive(Array("GET / HTTP/1.1\r\n\r\n".utf8)) }
    #expect(error?.code == .badClientMagic && error?.isFatal == true)
    #expect(!server.wantsRead && !server.wantsWrite)
    // A broken session refuses everything that follows.
    #expect(throws: SessionError.self) { try server.receive(Frame.greeting) }
    #expect(throws: SessionError.self) { try server.output() }
  }

  @Test(arguments: [Session.Role.client, .server])
  func garbageIsSurvived(role: Session.Role) throws {
    var random = SplitMix(seed: 20_260_101)
    for _ in 0..<2000 {
      let end = try End(role)
      if role == .client { _ = try end.request(request, endStream: false) }
      var bytes = role == .server ? Frame.greeting : Frame.settings
      if role == .server { bytes += Frame.request(1, flags: 0x4) }
      // Half of it looks like frames.
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        var payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        if Bool.random(using: &random) {
          let kind = Frame.Kind(rawValue: UInt8.random(in: 0...9, using: &random)) ?? .data
          payload = Frame.make(
            kind, flags: UInt8.random(in: 0...255, using: &random), stream: Int32.random(in: 0...5, using: &random),
            payload)
        }
        bytes += payload
      }
      do {
        try end.receive(bytes, chunk: Int.random(in: 1...100, using: &random))
        _ = try end.output()
      } catch let error as SessionError {
        #expect(error.isFatal)
      }
    }
  }

  @Test func oversizedHeadIsRefusedAndTheConnectionGoesOn() throws {
    let (client, server) = (try End(.client), try End(.server))
    var head = request
    for field in 0..<20 { head.append(name: "x-\(field)", value: String(repeating: "v", count: 1000)) }
    let large = try client.request(head, endStream: true)
    let small = try client.request(request, endStream: true)
    try pump(client, server)
    #expect(server.events.contains(.headerListTooLarge(large)))
    #expect(server.head(large) == nil && server.head(small) != nil)
    #expect(client.closed(large)?.by == .peer)
    #expect(server.closed(large)?.by == .violation)
    #expect(server.provokedResets == 1)
  }

  @Test func inputIsPausedWhereMuchIsRecorded() throws {
    var options = SessionOptions()
    options.maxRecordedBytes = 10_000
    let server = try End(.server, options)
    try server.receive(Frame.greeting)
    let bytes = (0..<20).flatMap {
      Frame.request(StreamID(2 * $0 + 1), extra: [("x", String(repeating: "v", count: 2000))])
    }
    var most = 0
    var start = 0
    repeat {
      let input = Array(bytes[start...])
      start += try server.session.receive(input.span.bytes)
      let events = server.session.takeEvents()
      most = max(most, events.count)
      server.events += events
    } while server.session.isPaused
    #expect(start == bytes.count)
    #expect(server.events.filter { if case .head = $0 { true } else { false } }.count == 20)
    #expect(most < 8)
  }

  @Test func rapidResetEndsTheConnection() throws {
    let server = try End(.server)
    try server.receive(Frame.greeting)
    for number in 0..<5000 {
      let stream = StreamID(2 * number + 1)
      try server.receive(Frame.request(stream) + Frame.make(.reset, flags: 0, stream: stream, Frame.bytes(8)))
      _ = try server.output()
      #expect(server.openStreams <= 256)
      if !server.wantsRead { break }
    }
    #expect(!server.wantsRead && !server.wantsWrite)
    #expect(server.events.count < 3000)
  }

  @Test func windowOverflowEndsStreamOrConnection() throws {
    let server = try End(.server)
    let most = Frame.bytes(0x7fff_ffff)
    try server.receive(Frame.greeting + Frame.request(1) + Frame.make(.windowUpdate, flags: 0, stream: 1, most))
    _ = try server.output()
    #expect(server.closed(1)?.code == 3)
    #expect(server.wantsRead)
    try server.receive(Frame.make(.windowUpdate, flags: 0, stream: 0, most))
    _ = try server.output()
    #expect(!server.wantsRead && server.violation != nil)
  }

  @Test func dataBeyondTheWindowEndsTheConnection() throws {
    var options = SessionOptions()
    options.streamWindow = 65_535
    let server = try End(.server, options)
    server.consumes = false
    try server.receive(Frame.greeting + Frame.request(1, flags: 0x4))
    _ = try server.output()
    for _ in 0..<8 {
      try server.receive(Frame.make(.data, flags: 0, stream: 1, [UInt8](repeating: 0, count: 16_384)))
    }
    _ = try server.output()
    // nghttp2 tells the frame that breaks the window, and then the end.
    #expect((server.data[1]?.count ?? 0) < 65_535 + 16_384)
    #expect(server.closed(1)?.code == 3 || !server.wantsRead)
  }

  @Test(arguments: [Frame.settings, Frame.make(.ping, flags: 0, stream: 0, [UInt8](repeating: 0, count: 8))])
  func acknowledgementsThatAreNotTakenAreBounded(frame: [UInt8]) throws {
    let server = try End(.server)
    try server.receive(Frame.greeting)
    let error = #expect(throws: SessionError.self) {
      for _ in 0..<2000 { try server.receive(frame) }
    }
    #expect(error?.code == .flooded)
  }

  @Test func otherFramesThatAreNotTakenAreBounded() throws {
    var options = SessionOptions()
    options.maxQueuedFrames = 500
    let server = try End(.server, options)
    try server.receive(Frame.greeting)
    let error = #expect(throws: SessionError.self) {
      // Each is refused by a RST_STREAM of this side (CVE-2025-8671), which the peer does not read.
      for number in 0..<2000 {
        let stream = StreamID(2 * number + 1)
        try server.receive(
          Frame.request(stream) + Frame.make(.windowUpdate, flags: 0, stream: stream, Frame.bytes(0x7fff_ffff)))
      }
    }
    #expect(error?.code == .flooded)
  }

  @Test func continuationFloodEndsTheConnection() throws {
    let server = try End(.server)
    try server.receive(Frame.greeting + Frame.request(1, flags: 0x1))
    let error = #expect(throws: SessionError.self) {
      for _ in 0..<20 {
        try server.receive(Frame.make(.continuation, flags: 0, stream: 1, Frame.literals([("x", "y")])))
      }
    }
    #expect(error?.code == .tooManyContinuations)
  }

  @Test func debugDataIsBounded() throws {
    let client = try End(.client)
    let debug = [UInt8](repeating: 0x61, count: 10_000)
    try client.receive(
      Frame.settings + Frame.make(.goAway, flags: 0, stream: 0, Frame.bytes(0) + Frame.bytes(11) + debug))
    #expect(client.events.contains(.goAway(lastStream: 0, code: 11, debug: String(repeating: "a", count: 256))))
  }
}

/// A generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
