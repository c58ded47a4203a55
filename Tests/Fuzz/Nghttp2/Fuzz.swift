import Nghttp2

/// One input is a session's life: the first byte chooses the side, then come steps of what the peer sends and what the user
/// does. A step is a byte that names it, a byte for its length, and that many bytes.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = bytes.first else { return 0 }
  var options = SessionOptions()
  options.maxConcurrentStreams = 16
  options.streamWindow = 65_535
  options.connectionWindow = 200_000
  options.highWatermark = 1000
  options.lowWatermark = 100
  options.maxRecordedBytes = 2000
  guard let session = try? Session(first & 1 == 0 ? .server : .client, options: options) else { return 0 }
  var life = Life(session: session, isServer: first & 1 == 0)
  var rest = bytes.dropFirst()
  while let kind = rest.popFirst(), let length = rest.popFirst() {
    let argument = Array(rest.prefix(Int(length)))
    rest = rest.dropFirst(argument.count)
    do {
      try life.step(kind, argument)
    } catch {
      require(error.isFatal || error.code == .invalid || error.code == .streamIDsExhausted)
    }
  }
  return 0
}

/// A session and what has to be true of it.
struct Life: ~Copyable {
  var session: Session
  let isServer: Bool
  /// Streams that were told and not closed.
  var open: Set<StreamID> = []

  init(session: consuming Session, isServer: Bool) {
    self.session = session
    self.isServer = isServer
  }

  mutating func step(_ kind: UInt8, _ argument: [UInt8]) throws(SessionError) {
    let stream = StreamID(argument.first ?? 1)
    switch kind % 12 {
    case 0: try receive(argument)
    case 1: for byte in argument { try receive([byte]) }
    case 2: try send()
    case 3: if !isServer { open.insert(try session.request(head(argument), endStream: stream & 2 == 0)) }
    case 4: _ = session.respond(HeaderBlock([":status": "200"]), on: stream, endStream: argument.count % 2 == 0)
    case 5: _ = session.queue(argument, on: stream, endStream: argument.last ?? 0 > 250)
    case 6: _ = session.queue([UInt8](repeating: 0, count: 70_000), on: stream, endStream: false)
    case 7: _ = session.queue(trailers: HeaderBlock(["grpc-status": "0"]), on: stream)
    case 8: _ = session.reset(stream, code: UInt32(argument.last ?? 8))
    case 9: _ = session.consume(argument.count * 1000, on: stream)
    case 10: _ = session.ping(UInt64(argument.count))
    default:
      switch argument.count % 3 {
      case 0: _ = session.shutdownNotice()
      case 1: _ = session.goAway(code: 0)
      default: _ = session.terminate(code: 2)
      }
    }
  }

  private func head(_ argument: [UInt8]) -> HeaderBlock {
    var head = HeaderBlock([":method": "POST", ":scheme": "http", ":path": "/", ":authority": "a"])
    head.append(name: "x", value: String(decoding: argument, as: UTF8.self))
    return head
  }

  private mutating func receive(_ bytes: [UInt8]) throws(SessionError) {
    var rest = bytes[...]
    repeat {
      let input = Array(rest)
      let taken = try session.receive(input.span.bytes)
      require(taken <= input.count)
      require(taken == input.count || session.isPaused)
      note(input: input.count)
      rest = rest.dropFirst(taken)
    } while session.isPaused
  }

  private mutating func send() throws(SessionError) {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Session.leastRoom + 1000, alignment: 1)
    defer { room.deallocate() }
    var more = true
    while more {
      var span = OutputRawSpan(buffer: room, initializedCount: 0)
      more = try session.send(into: &span)
      let count = span.finalize(for: room)
      note(input: 0)
      // More waits for room only where the room was used.
      require(!more || count > 0)
    }
  }

  private mutating func note(input: Int) {
    for event in session.takeEvents() {
      switch event {
      case .head(let stream, let block, _):
        require(block.listSize <= 16 << 10)
        if isServer { require(open.insert(stream).inserted) } else { require(open.contains(stream)) }
      case .trailers(let stream, let block):
        require(open.contains(stream) && block.listSize <= 16 << 10)
      case .data(_, let range, _): require(range.upperBound <= input)
      case .closed(let stream, _, _): open.remove(stream)
      case .goAway(_, _, let debug): require(debug.unicodeScalars.count <= 256)
      default: break
      }
    }
    require(session.pendingBytes(on: 0) == 0)
    if isServer { require(session.openStreams <= 64) }
  }
}

/// Ends the process where `condition` does not hold: libFuzzer keeps the input.
func require(_ condition: Bool, line: UInt = #line) {
  if !condition { fatalError("not so in line \(line)") }
}
