import NIOCore
import Nghttp2

// What streams do, and what happens to them.
extension ConnectionHandler {
  // MARK: Told by the session

  func tell(_ event: Event, input: ByteBuffer?) {
    switch event {
    case .head(let id, let block, let endStream): head(HTTP2Header.fields(block), endStream: endStream, on: id)
    case .trailers(let id, let block):
      streams[id]?.peerEnded = true
      handler(of: id)?.received(trailers: HTTP2Header.fields(block))
    case .data(let id, let range, let endStream): data(range, of: input, endStream: endStream, on: id)
    case .headerListTooLarge(let id):
      streams[id]?.failure = HTTP2Error(
        .protocolViolation, "The peer's head is larger than \(settings.maxHeaderListSize) bytes", scope: .stream,
        maybeProcessed: true)
    case .writable(let id): handler(of: id)?.writable()
    case .closed(let id, let code, let closer): closed(id, code: code, by: closer)
    case .settings, .settingsAcknowledged, .pingAcknowledged, .goAway: tellConnection(event)
    }
  }

  private func head(_ fields: [HTTP2Header], endStream: Bool, on id: Int32) {
    guard let accept else {
      streams[id]?.peerEnded = endStream
      streams[id]?.hasHead = true
      handler(of: id)?.received(head: fields, endStream: endStream)
      return
    }
    guard let connection, streams[id] == nil else { return }
    streams[id] = StreamState(peerEnded: endStream)
    let handler = accept(HTTP2Stream(connection: connection, id: id), fields, endStream)
    streams[id]?.handler = handler
  }

  private func data(_ range: Range<Int>, of input: ByteBuffer?, endStream: Bool, on id: Int32) {
    guard streams[id] != nil else {
      // Its handler was never told of the stream: no one else will open the window again.
      return consumed(range.count, on: id)
    }
    if endStream { streams[id]?.peerEnded = true }
    guard let handler = handler(of: id) else { return }
    handler.received(data: input?.piece(range) ?? ByteBuffer(), endStream: endStream)
  }

  private func closed(_ id: Int32, code: UInt32, by closer: Event.Closer) {
    guard let state = streams.removeValue(forKey: id) else { return }
    // What the handler left may open the connection's window.
    if session.wantsWrite { scheduleFlush() }
    state.handler?.closed(HTTP2Error(closed: code, by: closer, state: state, sent: wasSent(id)))
  }

  /// Ends all streams with `error`: the connection is over.
  func closeStreams(_ error: HTTP2Error) {
    let open = streams.sorted { $0.key < $1.key }
    streams = [:]
    for (id, state) in open {
      var error = error
      error.maybeProcessed = wasSent(id)
      state.handler?.closed(error)
    }
  }

  /// Nil where nothing is to be told any more.
  private func handler(of id: Int32) -> (any HTTP2StreamHandler)? {
    guard let state = streams[id], !state.isReset else { return nil }
    return state.handler
  }

  private func wasSent(_ id: Int32) -> Bool {
    machine.side == .server || id <= session.lastSentStream
  }

  // MARK: Asked by the user

  var availableStreams: Int {
    machine.isUsable ? max(0, session.peerMaxConcurrentStreams - session.openStreams) : 0
  }

  func openStream(
    head: [HTTP2Header], endStream: Bool, handler: any HTTP2StreamHandler
  ) throws(HTTP2Error) -> HTTP2Stream {
    guard machine.isUsable, let connection, session.mayRequest else {
      // Whatever ended the connection, this request never left.
      var error = failure ?? .draining
      error.maybeProcessed = false
      throw error
    }
    guard availableStreams > 0 else {
      throw HTTP2Error(
        .tooManyStreams, "The peer allows \(session.peerMaxConcurrentStreams) streams at once and all are open",
        scope: .stream, maybeProcessed: false)
    }
    let id: Int32
    do {
      id = try session.request(HTTP2Header.block(head), endStream: endStream)
    } catch {
      throw HTTP2Error(.draining, error.message, scope: .connection, maybeProcessed: false)
    }
    streams[id] = StreamState(handler: handler)
    scheduleFlush()
    if id >= Self.lastStream { shutdown(grace: .seconds(30)) }
    return HTTP2Stream(connection: connection, id: id)
  }

  func send(head: [HTTP2Header], endStream: Bool, on id: Int32) {
    if session.respond(HTTP2Header.block(head), on: id, endStream: endStream) { scheduleFlush() }
  }

  func send(data: ByteBuffer, endStream: Bool, on id: Int32) {
    guard session.queue(data, on: id, endStream: endStream) else { return }
    if session.pendingBytes(on: id) > settings.maxPendingBytes {
      streams[id]?.failure = HTTP2Error(
        .queueFull, "More than \(settings.maxPendingBytes) bytes wait on the stream", scope: .stream,
        maybeProcessed: true)
      reset(.internalError, on: id)
    }
    scheduleFlush()
  }

  func send(trailers: [HTTP2Header], on id: Int32) {
    if session.queue(trailers: HTTP2Header.block(trailers), on: id) { scheduleFlush() }
  }

  func reset(_ code: HTTP2ErrorCode, on id: Int32) {
    guard streams[id] != nil, session.reset(id, code: code.rawValue) else { return }
    streams[id]?.isReset = true
    scheduleFlush()
  }

  func consumed(_ bytes: Int, on id: Int32) {
    guard bytes > 0 else { return }
    if session.consume(bytes, on: id), session.wantsWrite { scheduleFlush() }
  }

  func pendingBytes(on id: Int32) -> Int { session.pendingBytes(on: id) }

  func isWritable(_ id: Int32) -> Bool { streams[id] != nil && session.isWritable(id) }
}

extension ConnectionHandler {
  /// From here on the connection drains, so that its user has another one before the ids run out.
  private static let lastStream = Int32.max - 1000
}

extension HTTP2Header {
  static func fields(_ block: HeaderBlock) -> [HTTP2Header] {
    var fields: [HTTP2Header] = []
    fields.reserveCapacity(block.count)
    block.forEach { fields.append(HTTP2Header($0, $1)) }
    return fields
  }

  static func block(_ fields: [HTTP2Header]) -> HeaderBlock {
    var block = HeaderBlock()
    for field in fields { block.append(name: field.name, value: field.value) }
    return block
  }
}

extension ByteBuffer: Payload {}

extension ByteBuffer {
  /// `range` of the readable bytes. A small piece of a large buffer is copied, so that whoever keeps it keeps no more.
  func piece(_ range: Range<Int>) -> ByteBuffer? {
    let start = readerIndex + range.lowerBound
    guard let piece = getSlice(at: start, length: range.count) else { return nil }
    return range.count * 8 < storageCapacity ? ByteBufferAllocator().buffer(buffer: piece) : piece
  }
}
