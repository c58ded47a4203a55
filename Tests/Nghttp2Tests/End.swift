import Nghttp2

/// One side of a connection in memory, with what it was told.
final class End {
  var session: Session
  var events: [Event] = []
  /// Data received, by stream.
  var data: [StreamID: [UInt8]] = [:]
  /// Consume data as it comes.
  var consumes = true
  /// Called for each event after it is noted.
  var answer: ((End, Event) -> Void)?

  init(_ role: Session.Role, _ options: SessionOptions = SessionOptions()) throws {
    session = try Session(role, options: options)
  }

  /// Takes `bytes`, `chunk` at a time.
  func receive(_ bytes: [UInt8], chunk: Int = .max) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(chunk))
      rest = rest.dropFirst(piece.count)
      var start = 0
      repeat {
        let input = Array(piece[start...])
        start += try session.receive(input.span.bytes)
        note(input: input)
      } while session.isPaused
    }
  }

  /// What waits to be sent, at most `limit` bytes.
  func output(limit: Int = 1 << 24) throws -> [UInt8] {
    var all: [UInt8] = []
    while all.count < limit {
      let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(Session.leastRoom, 64 << 10), alignment: 1)
      defer { room.deallocate() }
      var span = OutputRawSpan(buffer: room, initializedCount: 0)
      let more = try session.send(into: &span)
      let count = span.finalize(for: room)
      all.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<count]))
      note(input: [])
      if !more || count == 0 { break }
    }
    return all
  }

  func closed(_ stream: StreamID) -> (code: UInt32, by: Event.Closer)? {
    for case .closed(stream, let code, let closer) in events { return (code, closer) }
    return nil
  }

  func head(_ stream: StreamID) -> HeaderBlock? {
    for case .head(stream, let block, _) in events { return block }
    return nil
  }

  private func note(input: [UInt8]) {
    while session.hasEvents {
      for event in session.takeEvents() {
        events.append(event)
        if case .data(let stream, let range, _) = event {
          data[stream, default: []] += input[range]
          if consumes { _ = session.consume(range.count, on: stream) }
        }
        answer?(self, event)
      }
    }
  }
}

/// Moves bytes both ways until neither side has any, `chunk` at a time.
func pump(_ one: End, _ other: End, chunk: Int = .max) throws {
  while true {
    let there = try one.output()
    try other.receive(there, chunk: chunk)
    let back = try other.output()
    try one.receive(back, chunk: chunk)
    if there.isEmpty, back.isEmpty { return }
  }
}

let request: HeaderBlock = HeaderBlock([
  ":method": "POST", ":scheme": "http", ":path": "/scout.agent.v1.Agent/Stat", ":authority": "127.0.0.1:7443",
  "content-type": "application/grpc", "te": "trailers",
])
let response: HeaderBlock = HeaderBlock([":status": "200", "content-type": "application/grpc"])
