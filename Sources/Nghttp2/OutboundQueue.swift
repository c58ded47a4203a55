/// A value: what waits to be sent on one stream, and how the stream will end.
struct OutboundQueue {
  /// How this side of the stream ends once the payloads are gone.
  enum End {
    case open
    case endStream
    case trailers(HeaderBlock)
    /// Nothing more is accepted or sent.
    case done
  }

  /// What may be sent now.
  struct Portion {
    var count: Int
    /// Nothing is left behind this portion and nothing will follow.
    var isLast: Bool
  }

  /// The head of this side was given to nghttp2.
  var hasHead: Bool
  /// nghttp2 asked for data, was told that there is none, and has to be told when there is.
  var isDeferred = false
  private(set) var pendingBytes = 0
  private(set) var end = End.open
  /// The high watermark was reached; cleared below the low one.
  private(set) var isFull = false

  private var payloads: [(any Payload)?] = []
  /// Payloads before this index are gone, and nil.
  private var first = 0
  /// Bytes of the first payload that are gone.
  private var offset = 0

  init(hasHead: Bool) {
    self.hasHead = hasHead
  }

  var isOpen: Bool { if case .open = end { true } else { false } }

  mutating func append(_ payload: any Payload, highWatermark: Int) {
    let count = payload.readableBytes
    guard count > 0 else { return }
    payloads.append(payload)
    pendingBytes += count
    if pendingBytes >= highWatermark { isFull = true }
  }

  mutating func finish(_ end: End) {
    self.end = end
  }

  /// At most `limit` bytes; nil where there is nothing to send and the end is open.
  func portion(limit: Int) -> Portion? {
    let count = min(limit, pendingBytes)
    guard count > 0 || !isOpen else { return nil }
    return Portion(count: count, isLast: !isOpen && count == pendingBytes)
  }

  /// Moves `destination.count` bytes out. Returns false where fewer were queued.
  mutating func move(into destination: UnsafeMutableRawBufferPointer) -> Bool {
    var moved = 0
    while moved < destination.count, first < payloads.count, let payload = payloads[first] {
      let size = payload.readableBytes
      let step = min(size - offset, destination.count - moved)
      guard step >= 0 else { return false }
      unsafe payload.withUnsafeReadableBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: destination[moved..<moved + step])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + step]))
      }
      moved += step
      offset += step
      if offset == size { dropFirst() }
    }
    pendingBytes -= moved
    return moved == destination.count
  }

  /// True once after each time that the queue was full.
  mutating func becameWritable(lowWatermark: Int) -> Bool {
    guard isFull, pendingBytes < lowWatermark else { return false }
    isFull = false
    return true
  }

  private mutating func dropFirst() {
    payloads[first] = nil
    first += 1
    offset = 0
    if first == payloads.count {
      payloads.removeAll(keepingCapacity: true)
      first = 0
    } else if first >= 64, first * 2 >= payloads.count {
      payloads.removeSubrange(..<first)
      first = 0
    }
  }
}
