import NIOCore

/// What a command has written, both streams in the order of their arrival. A value.
///
/// Bounded by whoever appends in bytes, and here in the number of changes from one stream to the other: what comes after
/// that is dropped, and `isCut` says so.
struct CommandOutput: Sendable, Hashable {
  enum Stream: UInt8, Sendable, Hashable {
    case stdout = 1
    case stderr = 2
  }

  struct Segment: Sendable, Hashable {
    var stream: Stream
    /// Where it ends in `bytes`.
    var end: Int
  }

  static let segmentLimit = 16_384

  private(set) var bytes = ByteBuffer()
  private(set) var segments: [Segment] = []
  /// Some of what came was not kept.
  private(set) var isCut = false

  init() {}

  var count: Int { bytes.readableBytes }

  mutating func append(_ piece: ByteBuffer, _ stream: Stream) {
    guard piece.readableBytes > 0 else { return }
    if segments.last?.stream != stream {
      guard segments.count < Self.segmentLimit, !isCut else {
        isCut = true
        return
      }
      segments.append(Segment(stream: stream, end: count))
    } else if isCut {
      return
    }
    bytes.writeImmutableBuffer(piece)
    segments[segments.count - 1].end = count
  }

  /// The bytes after `offset`, of one stream and at most `limit`; nil where there are none.
  ///
  /// - Parameter segment: where the search begins, and where it ended: a reader keeps it.
  func piece(after offset: Int, segment: inout Int, limit: Int) -> (stream: Stream, bytes: ByteBuffer)? {
    // The last one may still grow.
    while segment + 1 < segments.count, segments[segment].end <= offset { segment += 1 }
    guard segment < segments.count, segments[segment].end > offset else { return nil }
    let length = min(limit, segments[segment].end - offset)
    guard let slice = bytes.getSlice(at: bytes.readerIndex + offset, length: length) else { return nil }
    return (segments[segment].stream, slice)
  }

  /// Its beginning.
  func prefix(_ limit: Int) -> CommandOutput {
    guard count > limit else { return self }
    var shorter = CommandOutput()
    var segment = 0
    while shorter.count < limit, let next = piece(after: shorter.count, segment: &segment, limit: limit - shorter.count)
    {
      shorter.append(next.bytes, next.stream)
    }
    shorter.isCut = true
    return shorter
  }

  /// Nothing of it is kept any more.
  mutating func drop() {
    isCut = isCut || count > 0
    bytes = ByteBuffer()
    segments = []
  }

  /// - Parameter isCut: as it was when it was written down.
  init(pieces: [(Stream, ByteBuffer)], isCut: Bool) {
    for (stream, piece) in pieces { append(piece, stream) }
    self.isCut = self.isCut || isCut
  }
}
