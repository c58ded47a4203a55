import CNghttp2

/// Confined to its session: what the C callbacks may touch. They append to `events`, take from `streams` and write into
/// `output`; what follows from that is decided after the C call has returned.
@safe final class Recorder {
  let options: SessionOptions
  let role: Session.Role
  /// One entry for each stream from its first frame to its `closed`.
  var streams: [StreamID: OutboundQueue] = [:]
  /// Bytes of data that were told in events and not consumed since, of each stream that had data.
  var unconsumed: [StreamID: Int] = [:]
  /// The same of streams that have closed: still to be given back to the connection's window.
  var abandoned = 0
  var events: [Event] = []
  /// The input was not taken to its end because `options.maxRecordedBytes` were recorded.
  var isPaused = false
  /// Resets sent because of what the peer did, since the session began.
  var provokedResets = 0
  /// The highest stream whose request head went out.
  var lastSentStream: StreamID = 0
  /// What nghttp2 says of the last frame that broke the protocol.
  var violation: String?
  /// GOAWAY with an error went out.
  var endedInError = false
  /// Who reset a stream first, until it is closed.
  var resets: [StreamID: Event.Closer] = [:]

  private var block = HeaderBlock()
  private var blockIsTooLarge = false
  private var recordedBytes = 0

  /// The input of the call to `receive` that is under way.
  private var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// The free part of the output of the call to `send` that is under way.
  private var output = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var written = 0
  /// A DATA frame waits for more room than `output` has.
  private(set) var needsRoom = false

  init(options: SessionOptions, role: Session.Role) {
    self.options = options
    self.role = role
  }

  // MARK: Around a C call

  func beginInput(_ bytes: UnsafeRawBufferPointer) {
    unsafe input = bytes
    isPaused = false
    recordedBytes = 0
  }

  func endInput() {
    unsafe input = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  func beginOutput(_ room: UnsafeMutableRawBufferPointer) {
    unsafe output = room
    written = 0
    needsRoom = false
  }

  /// Returns the bytes written since `beginOutput`.
  func endOutput() -> Int {
    unsafe output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    return written
  }

  /// Room left in the output.
  var room: Int { unsafe output.count - written }

  /// Appends to the output; false where it does not fit.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= room else { return false }
    unsafe UnsafeMutableRawBufferPointer(rebasing: output[written...]).copyMemory(from: bytes)
    written += bytes.count
    return true
  }

  // MARK: Received

  func headersBegan(_ stream: StreamID, isRequest: Bool) {
    block = HeaderBlock()
    blockIsTooLarge = false
    if isRequest { streams[stream] = OutboundQueue(hasHead: false) }
  }

  enum Verdict {
    case goOn
    case pause
    case resetStream
  }

  func field(_ stream: StreamID, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Verdict {
    let size = name.count + value.count + HeaderBlock.fieldOverhead
    guard block.listSize + size <= options.maxHeaderListSize else {
      if !blockIsTooLarge { events.append(.headerListTooLarge(stream)) }
      blockIsTooLarge = true
      return .resetStream
    }
    unsafe block.append(name: name, value: value)
    return recorded(size)
  }

  func headersEnded(_ stream: StreamID, endStream: Bool) {
    let block = self.block
    self.block = HeaderBlock()
    // nghttp2 sees to it that a head has pseudo-header fields, and trailers none.
    guard block.isHead else { return events.append(.trailers(stream, block)) }
    // An informational head does not end anything; the final one follows.
    if role == .client, !endStream, block.first(":status")?.first == "1" { return }
    events.append(.head(stream, block, endStream: endStream))
  }

  func data(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress, let base = unsafe input.baseAddress else { return unsafe bytes.isEmpty }
    let offset = unsafe start - base
    guard offset >= 0, unsafe offset + bytes.count <= input.count else { return false }
    unsafe events.append(.data(stream, range: offset..<offset + bytes.count, endStream: false))
    if streams[stream] != nil { unconsumed[stream, default: 0] += bytes.count } else { abandoned += bytes.count }
    return true
  }

  func dataEnded(_ stream: StreamID) {
    if case .data(stream, let range, false) = events.last {
      events[events.count - 1] = .data(stream, range: range, endStream: true)
    } else {
      events.append(.data(stream, range: 0..<0, endStream: true))
    }
  }

  func resetReceived(_ stream: StreamID) {
    if streams[stream] != nil, resets[stream] == nil { resets[stream] = .peer }
  }

  private func recorded(_ bytes: Int) -> Verdict {
    recordedBytes += bytes
    guard recordedBytes > options.maxRecordedBytes else { return .goOn }
    isPaused = true
    return .pause
  }

  // MARK: Sent

  func resetSent(_ stream: StreamID) {
    guard resets[stream] != .user else { return }
    provokedResets += 1
    if streams[stream] != nil, resets[stream] == nil { resets[stream] = .violation }
  }

  /// What a DATA frame of `stream` may carry; nil where the frame has to wait.
  func portion(_ stream: StreamID, limit: Int) -> OutboundQueue.Portion? {
    guard let portion = streams[stream]?.portion(limit: limit) else {
      streams[stream]?.isDeferred = true
      return nil
    }
    return portion
  }

  /// The trailers that come behind the last portion.
  func takeTrailers(_ stream: StreamID) -> HeaderBlock? {
    guard case .trailers(let trailers) = streams[stream]?.end else { return nil }
    streams[stream]?.finish(.done)
    return trailers
  }

  enum Sending {
    case sent
    case needsRoom
    /// The queue does not hold what it promised.
    case broken
  }

  func send(_ stream: StreamID, frameHead: UnsafeRawBufferPointer, count: Int) -> Sending {
    guard frameHead.count + count <= room else {
      needsRoom = true
      return .needsRoom
    }
    guard unsafe write(frameHead) else { return .broken }
    let destination = unsafe UnsafeMutableRawBufferPointer(rebasing: output[written..<written + count])
    guard unsafe streams[stream]?.move(into: destination) == true else { return .broken }
    written += count
    if streams[stream]?.becameWritable(lowWatermark: options.lowWatermark) == true { events.append(.writable(stream)) }
    return .sent
  }

  // MARK: Both

  func closed(_ stream: StreamID, code: UInt32) {
    guard streams.removeValue(forKey: stream) != nil else { return }
    abandoned += unconsumed.removeValue(forKey: stream) ?? 0
    events.append(.closed(stream, code: code, by: resets.removeValue(forKey: stream) ?? .session))
  }
}
