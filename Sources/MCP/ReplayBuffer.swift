/// The latest events of one legacy session, for clients that lost a stream and come back with `Last-Event-ID`. Bounded:
/// the oldest go first, and a stream of which a needed event is gone cannot be resumed. A value.
struct ReplayBuffer: Sendable {
  struct Bounds: Sendable, Hashable {
    var events = 128
    /// Of all events together; the newest one stays even when it alone is more.
    var bytes = 512 << 10
  }

  struct Event: Sendable, Hashable {
    var id: EventID
    /// As written on the stream.
    var bytes: [UInt8]
  }

  private struct Stream: Sendable {
    /// The sequence of the newest event, held or not.
    var newest: UInt64 = 0
    var isEnded = false
  }

  private let bounds: Bounds
  private var events: [Event] = []
  /// Those under way, those with events here, and stream 0.
  private var streams: [UInt64: Stream] = [0: Stream()]
  private(set) var byteCount = 0

  init(bounds: Bounds = Bounds()) { self.bounds = bounds }

  mutating func opened(stream: UInt64) { streams[stream] = Stream() }

  mutating func appended(_ event: Event) {
    streams[event.id.stream, default: Stream()].newest = event.id.sequence
    events.append(event)
    byteCount += event.bytes.count
    while events.count > bounds.events || (byteCount > bounds.bytes && events.count > 1) { dropOldest() }
  }

  /// An event that there is no room for: the stream cannot be resumed from before it.
  mutating func skipped(_ id: EventID) { streams[id.stream, default: Stream()].newest = id.sequence }

  mutating func ended(stream: UInt64) {
    streams[stream]?.isEnded = true
    forgetIfSpent(stream)
  }

  /// What followed `id` on its stream; nil where the stream is unknown or something in between is gone.
  func events(after id: EventID) -> [Event]? {
    guard let stream = streams[id.stream], id.sequence <= stream.newest else { return nil }
    let following = events.filter { $0.id.stream == id.stream && $0.id.sequence > id.sequence }
    guard UInt64(following.count) == stream.newest - id.sequence else { return nil }
    return following
  }

  /// The sequence of the stream's newest event, 0 before the first.
  func newest(stream: UInt64) -> UInt64 { streams[stream]?.newest ?? 0 }

  /// Whether nothing more comes on the stream.
  func isEnded(stream: UInt64) -> Bool { streams[stream]?.isEnded ?? true }

  private mutating func dropOldest() {
    let oldest = events.removeFirst()
    byteCount -= oldest.bytes.count
    forgetIfSpent(oldest.id.stream)
  }

  private mutating func forgetIfSpent(_ stream: UInt64) {
    guard stream != 0, streams[stream]?.isEnded == true, !events.contains(where: { $0.id.stream == stream }) else {
      return
    }
    streams[stream] = nil
  }
}
