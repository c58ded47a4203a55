import NIOCore
import Testing

@testable import SSH

/// The order of pieces, as tables of answers.
@Suite struct FileDownloadTests {
  private static let file = (0..<300_100).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }

  private func content(_ offset: UInt64, _ count: Int) -> ByteBuffer {
    ByteBuffer(bytes: Self.file[Int(offset)..<Int(offset) + count])
  }

  /// A server with a file of `size` that answers in an order and in lengths of `random`'s choosing.
  private func download(
    size: Int, told: UInt64?, offset: UInt64, limit: UInt64?, cut: Bool, _ random: inout some RandomNumberGenerator
  ) -> [UInt8]? {
    var download = FileDownload(size: told, offset: offset, limit: limit)
    var asked: [FileDownload.Piece] = []
    var bytes: [UInt8] = []
    for _ in 0..<100_000 {
      while let piece = download.nextPiece() { asked.append(piece) }
      while let more = download.take() { bytes += more.readableBytesView }
      if download.isFinished { return bytes }
      guard !asked.isEmpty else { return nil }
      let piece = asked.remove(at: Int.random(in: 0..<asked.count, using: &random))
      if piece.offset >= UInt64(size) {
        download.ended(at: piece)
      } else {
        let most = min(Int(piece.count), size - Int(piece.offset))
        let count = cut ? Int.random(in: 1...most, using: &random) : most
        guard download.received(content(piece.offset, count), for: piece) else { return nil }
      }
      let waiting = asked.reduce(0) { $0 + UInt64($1.count) }
      #expect(waiting <= FileDownload.window + UInt64(FileDownload.pieceSize))
    }
    return nil
  }

  @Test func anyOrderAndAnyLengthGivesTheFile() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<100 {
      let size = Int.random(in: 0...300_000)
      let offset = UInt64(Int.random(in: 0...(size + 10)))
      let limit: UInt64? = Bool.random() ? nil : UInt64(Int.random(in: 0...300_000))
      let expected = Array(content(0, size).readableBytesView.dropFirst(Int(offset)).prefix(Int(limit ?? 1 << 40)))
      for told in [UInt64(size), nil] {
        for cut in [false, size < 3000] {
          #expect(download(size: size, told: told, offset: offset, limit: limit, cut: cut, &random) == expected)
        }
      }
    }
  }

  /// Each scrap costs more than its bytes.
  @Test func aServerThatAnswersInScrapsIsGivenUp() {
    var download = FileDownload(size: 1 << 20, offset: 0, limit: nil)
    var answers = 0
    while let piece = download.nextPiece(), answers < 10_000 {
      guard download.received(ByteBuffer(bytes: [1]), for: piece) else { break }
      answers += 1
    }
    #expect(answers == FileDownload.scrapLimit)
  }

  @Test func aFileThatShrankEndsWhereItEnds() {
    var random = SystemRandomNumberGenerator()
    for size in [0, 1, 65_536, 200_000] {
      let bytes = download(size: size, told: 1_000_000, offset: 0, limit: nil, cut: false, &random)
      #expect(bytes == Array(content(0, size).readableBytesView))
    }
  }

  @Test func answersThatNoServerGives() throws {
    var download = FileDownload(size: 100, offset: 0, limit: nil)
    let first = download.nextPiece()
    let piece = try #require(first)
    #expect(piece == FileDownload.Piece(offset: 0, count: 100))
    #expect(download.nextPiece() == nil)
    var copy = download
    let acceptsNothing = copy.received(ByteBuffer(), for: piece)
    let acceptsTooMuch = download.received(content(0, 101), for: piece)
    #expect(!acceptsNothing && !acceptsTooMuch)
  }

  @Test func extremeOffsets() {
    var download = FileDownload(size: nil, offset: .max - 1, limit: .max)
    let piece = download.nextPiece()
    #expect(piece == FileDownload.Piece(offset: .max - 1, count: 1))
    #expect(FileDownload(size: 10, offset: .max, limit: .max).isFinished)
  }
}
