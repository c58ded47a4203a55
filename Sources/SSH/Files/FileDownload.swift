import NIOCore

/// Which pieces of one open file to ask for, and how answers become a stream in order. A value, pure.
///
/// Pieces are asked for ahead of the reader within a window, answered in any order, and may be shorter than asked.
struct FileDownload {
  struct Piece: Hashable {
    var offset: UInt64
    var count: UInt32
  }

  /// Asked for at once: every OpenSSH server gives that much in one answer.
  static let pieceSize: UInt32 = 64 << 10
  /// Asked for or waiting to be taken, together.
  static let window: UInt64 = 1 << 20

  /// Where the stream stops, exclusive: offset plus limit, or the size, whichever is less.
  private var end: UInt64
  /// The size is of no use (0, as in /proc, or not told): ask piece after piece until the end shows.
  private let isBlind: Bool
  private var nextOffset: UInt64
  private var takenTo: UInt64
  private var outstanding = 0
  /// Remainders of short answers.
  private var gaps: [Piece] = []
  /// Answers that wait for earlier ones.
  private var arrived: [UInt64: ByteBuffer] = [:]
  /// Answers of a few bytes in the midst of the file.
  private var scraps = 0

  /// Below this an answer that could have been longer is a scrap; an honest server gives few of them, if any.
  static let scrapSize = 512
  static let scrapLimit = 1024

  init(size: UInt64?, offset: UInt64, limit: UInt64?) {
    let size = size ?? 0
    isBlind = size == 0
    let bound = limit.map { offset.addingReportingOverflow($0) }
    end = bound.map { $0.overflow ? .max : $0.partialValue } ?? .max
    if size > 0 { end = min(end, max(size, offset)) }
    nextOffset = offset
    takenTo = offset
  }

  /// The next piece to ask for; nil when the window is full or nothing is left.
  mutating func nextPiece() -> Piece? {
    if let gap = gaps.popLast() {
      guard gap.offset < end else { return nextPiece() }
      outstanding += 1
      return gap
    }
    guard nextOffset < end, nextOffset - takenTo < Self.window, !isBlind || outstanding == 0 else { return nil }
    let piece = Piece(offset: nextOffset, count: UInt32(min(UInt64(Self.pieceSize), end - nextOffset)))
    nextOffset += UInt64(piece.count)
    outstanding += 1
    return piece
  }

  /// False for an answer that no honest server gives: empty, more than was asked for, or a scrap once again.
  mutating func received(_ bytes: ByteBuffer, for piece: Piece) -> Bool {
    outstanding -= 1
    let count = bytes.readableBytes
    guard count > 0, count <= Int(piece.count) else { return false }
    guard piece.offset < end else { return true }
    // A small answer would keep the memory of the whole read that it came with.
    arrived[piece.offset] = bytes.storageCapacity > 4 * count ? ByteBuffer(bytes: bytes.readableBytesView) : bytes
    if count < Int(piece.count) {
      if count < Self.scrapSize, !isBlind { scraps += 1 }
      guard scraps <= Self.scrapLimit else { return false }
      let rest = Piece(offset: piece.offset + UInt64(count), count: piece.count - UInt32(count))
      if isBlind, outstanding == 0 { nextOffset = rest.offset } else { gaps.append(rest) }
    }
    return true
  }

  /// The server says that the file ends at or before the piece.
  mutating func ended(at piece: Piece) {
    outstanding -= 1
    guard piece.offset < end else { return }
    end = piece.offset
    arrived = arrived.filter { $0.key < piece.offset }
  }

  /// The next bytes in order, at most `limit` (or one answer, if that is more); nil when none are there.
  mutating func take(upTo limit: Int = 1 << 20) -> ByteBuffer? {
    guard let first = takeNext() else { return nil }
    var pieces = [first]
    var count = first.readableBytes
    while let next = arrived[takenTo], count + next.readableBytes <= limit, let piece = takeNext() {
      pieces.append(piece)
      count += piece.readableBytes
    }
    guard pieces.count > 1 else { return first }
    var bytes = ByteBuffer()
    bytes.reserveCapacity(count)
    for piece in pieces { bytes.writeImmutableBuffer(piece) }
    return bytes
  }

  private mutating func takeNext() -> ByteBuffer? {
    guard let bytes = arrived.removeValue(forKey: takenTo) else { return nil }
    takenTo += UInt64(bytes.readableBytes)
    return bytes
  }

  /// Everything up to the end has been taken.
  var isFinished: Bool { takenTo >= end && arrived.isEmpty }
}
