import AgentAPI
import Crypto
import NIOCore

/// Cuts what a read finds into chunks of the wire's size, with the file's facts in the first and the digest in the last.
/// A value; used by one task.
struct ChunkWriter: Sendable {
  /// Bytes of data in one chunk at most: agent.proto, ReadChunk.
  static let chunkSize = 256 * 1024

  private let sink: ReplySink<ReadChunk>
  private var digest: SHA256?
  private var next = ReadChunk()

  init(sink: @escaping ReplySink<ReadChunk>, wantsDigest: Bool) {
    self.sink = sink
    digest = wantsDigest ? SHA256() : nil
  }

  /// Before everything else.
  mutating func begin(_ info: FileInfo, offset: UInt64) {
    next.info = info
    next.info.offset = Int64(clamping: offset)
  }

  /// Sends all of `bytes`, in several chunks when they are many.
  mutating func send(_ bytes: ByteBuffer) async throws {
    var bytes = bytes
    while let piece = bytes.readSlice(length: min(Self.chunkSize, bytes.readableBytes)), piece.readableBytes > 0 {
      try await sendPiece(piece)
    }
  }

  /// Sends the last bytes, if any, and closes the answer. Called once.
  mutating func finish(_ bytes: ByteBuffer, truncated: Bool) async throws {
    var bytes = bytes
    while bytes.readableBytes > Self.chunkSize, let piece = bytes.readSlice(length: Self.chunkSize) {
      try await sendPiece(piece)
    }
    take(bytes)
    next.truncated = truncated
    if let digest { next.sha256 = .init(digest.finalize()) }
    try await sink(next)
  }

  private mutating func sendPiece(_ piece: ByteBuffer) async throws {
    take(piece)
    try await sink(next)
    next = ReadChunk()
  }

  private mutating func take(_ piece: ByteBuffer) {
    next.data = .init(piece.readableBytesView)
    digest?.update(data: next.data)
  }
}
