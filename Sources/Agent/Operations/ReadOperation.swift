import AgentAPI
import NIOCore
import SSH

/// The content of a regular file, whole or in part, over SFTP: no program runs on the host. A value.
///
/// What fits in one answer of the lane is read in one go; more is streamed, one piece after another as the receiver
/// takes them, so the agent holds no more than the lane's read-ahead.
struct ReadOperation: Sendable {
  /// Which part of the file is asked for.
  enum Part: Hashable, Sendable {
    case bytes(offset: UInt64)
    case head(lines: UInt32)
    case tail(lines: UInt32)
  }

  let context: OperationContext
  let path: RemotePath
  let part: Part
  /// Bytes at most; nil: to the end.
  let limit: UInt64?
  let wantsDigest: Bool

  init(_ request: ReadRequest, in context: OperationContext) throws(SSHError) {
    self.context = context
    path = try RemotePath(Array(request.path))
    guard request.offset >= 0, request.limit >= 0 else {
      throw SSHError(.invalidArgument, "offset and limit are bytes, 0 or more")
    }
    part =
      switch request.lines {
      case .head(let lines)?: .head(lines: lines)
      case .tail(let lines)?: .tail(lines: lines)
      case nil: .bytes(offset: UInt64(request.offset))
      }
    if request.lines != nil, request.offset != 0 {
      throw SSHError(.invalidArgument, "offset counts bytes and does not go with head or tail: leave one of them out")
    }
    limit = request.limit == 0 ? nil : UInt64(request.limit)
    wantsDigest = request.wantSha256
  }

  /// Whether it is one answer of the lane and no more.
  static func isShort(_ request: ReadRequest) -> Bool {
    request.lines == nil && (1...Int64(SFTPLane.readLimit)).contains(request.limit)
  }

  func run(_ sink: @escaping ReplySink<ReadChunk>) async throws -> CallTimings {
    let writer = ChunkWriter(sink: sink, wantsDigest: wantsDigest)
    let isBulk = limit.map { $0 > UInt64(SFTPLane.readLimit) } ?? true
    let (_, timings) = try await context.withFiles(bulk: isBulk) { lane in
      var writer = writer
      switch part {
      case .bytes(let offset):
        if let limit, limit <= UInt64(SFTPLane.readLimit) {
          try await sendSlice(of: lane, offset: offset, limit: Int(limit), to: &writer)
        } else {
          try await sendStream(of: lane, offset: offset, to: &writer)
        }
      case .head(let lines): try await sendHead(of: lane, lines: lines, to: &writer)
      case .tail(let lines): try await sendTail(of: lane, lines: lines, to: &writer)
      }
    }
    return timings
  }

  private var deadline: ContinuousClock.Instant { context.call.deadline }

  private func sendSlice(of lane: SFTPLane, offset: UInt64, limit: Int, to writer: inout ChunkWriter) async throws {
    let slice = try await lane.readFile(path, offset: offset, limit: limit, deadline: deadline)
    writer.begin(FileInfo(path: path, attributes: slice.attributes), offset: offset)
    try await writer.finish(slice.bytes, truncated: !slice.reachedEnd)
  }

  private func sendStream(of lane: SFTPLane, offset: UInt64, to writer: inout ChunkWriter) async throws {
    let reader = try await lane.openFile(path, offset: offset, limit: nil, deadline: deadline)
    defer { reader.close() }
    writer.begin(FileInfo(path: path, attributes: reader.attributes), offset: offset)
    var remaining = limit ?? .max
    while var piece = try await reader.next(deadline: deadline) {
      guard piece.readableBytes <= remaining else {
        // The file goes on beyond the limit.
        return try await writer.finish(piece.readSlice(length: Int(remaining)) ?? ByteBuffer(), truncated: true)
      }
      remaining -= UInt64(piece.readableBytes)
      try await writer.send(piece)
    }
    try await writer.finish(ByteBuffer(), truncated: false)
  }

  private func sendHead(of lane: SFTPLane, lines: UInt32, to writer: inout ChunkWriter) async throws {
    let reader = try await lane.openFile(path, offset: 0, limit: nil, deadline: deadline)
    defer { reader.close() }
    writer.begin(FileInfo(path: path, attributes: reader.attributes), offset: 0)
    var remaining = limit ?? .max
    var missing = lines
    while missing > 0, var piece = try await reader.next(deadline: deadline) {
      let wanted = LineCount.head(of: piece.readableBytesView, lines: &missing)
      let allowed = min(UInt64(wanted), remaining)
      guard allowed == UInt64(wanted) else {
        return try await writer.finish(piece.readSlice(length: Int(allowed)) ?? ByteBuffer(), truncated: true)
      }
      remaining -= allowed
      try await writer.send(piece.readSlice(length: wanted) ?? ByteBuffer())
    }
    try await writer.finish(ByteBuffer(), truncated: false)
  }

  /// Looks for the beginning of the last lines from the file's end backwards, then sends from there.
  private func sendTail(of lane: SFTPLane, lines: UInt32, to writer: inout ChunkWriter) async throws {
    let probe = try await lane.readFile(path, offset: 0, limit: 0, deadline: deadline)
    let size = probe.attributes.size ?? 0
    // Files of /proc say 0 and hold more: nothing can be found from their end.
    if size == 0 { return try await sendTailOfUnsized(lane, lines: lines, to: &writer) }

    var search = TailSearch(size: size, lines: lines, limit: limit)
    while let block = search.nextBlock {
      let slice = try await lane.readFile(path, offset: block.offset, limit: block.length, deadline: deadline)
      // It holds less than it says, as files of /sys do, or has shrunk: its end is elsewhere.
      guard slice.bytes.readableBytes == block.length else {
        return try await sendTailOfUnsized(lane, lines: lines, to: &writer)
      }
      search.found(slice.bytes.readableBytesView, at: block.offset)
    }
    writer.begin(FileInfo(path: path, attributes: probe.attributes), offset: search.start)
    let reader = try await lane.openFile(path, offset: search.start, limit: size - search.start, deadline: deadline)
    defer { reader.close() }
    while let piece = try await reader.next(deadline: deadline) { try await writer.send(piece) }
    try await writer.finish(ByteBuffer(), truncated: search.isCut)
  }

  private func sendTailOfUnsized(_ lane: SFTPLane, lines: UInt32, to writer: inout ChunkWriter) async throws {
    let bound = SFTPLane.readLimit
    let slice = try await lane.readFile(path, offset: 0, limit: bound, deadline: deadline)
    var search = TailSearch(size: UInt64(slice.bytes.readableBytes), lines: lines, limit: limit)
    while let block = search.nextBlock {
      search.found(slice.bytes.readableBytesView.dropFirst(Int(block.offset)).prefix(block.length), at: block.offset)
    }
    var bytes = slice.bytes
    bytes.moveReaderIndex(forwardBy: Int(search.start))
    writer.begin(FileInfo(path: path, attributes: slice.attributes), offset: search.start)
    try await writer.finish(bytes, truncated: search.isCut || !slice.reachedEnd)
  }
}
