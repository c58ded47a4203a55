import Crypto
import NIOCore

/// Records as they stand in the journal's file: those that were written together, behind their length and check sum. A namespace.
///
///     u32 length of the payload | u32 the same, every bit turned | 8 bytes of its SHA-256 | payload: records, one after another
///
/// What is written together is one frame, so a write that a crash cut short spoils the last frame and no other.
enum JournalFrame {
  static let headSize = 16
  private static let sumSize = 8
  /// Where a batch is cut: a payload is at most this and one record.
  static let limit = 8 << 20

  enum Reading: Sendable, Hashable {
    case records([JournalRecord])
    /// Nothing more.
    case end
    /// The rest was never written whole.
    case torn
    /// There is more behind what cannot be read.
    case damaged
  }

  static func frame(_ records: some Sequence<JournalRecord>) -> ByteBuffer {
    var payload = ByteBuffer()
    for record in records { record.write(into: &payload) }
    var frame = ByteBuffer()
    frame.reserveCapacity(headSize + payload.readableBytes)
    let length = UInt32(clamping: payload.readableBytes)
    frame.writeInteger(length)
    frame.writeInteger(~length)
    frame.writeBytes(checksum(payload))
    frame.writeBuffer(&payload)
    return frame
  }

  /// The next frame's records; `file` moves behind them, or stays where the trouble begins.
  static func next(_ file: inout ByteBuffer) -> Reading {
    guard file.readableBytes > 0 else { return .end }
    var ahead = file
    // A length that cannot be believed must not pass for a frame that was cut short.
    guard let length = ahead.readInteger(as: UInt32.self), let turned = ahead.readInteger(as: UInt32.self),
      let sum = ahead.readBytes(length: sumSize)
    else { return .torn }
    guard length > 0, turned == ~length else {
      // A file that was made longer and not yet written reads as zeros.
      return file.readableBytesView.dropFirst(headSize).allSatisfy { $0 == 0 } ? .torn : .damaged
    }
    guard var payload = ahead.readSlice(length: Int(length)) else { return .torn }
    guard checksum(payload) == sum else { return ahead.readableBytes == 0 ? .torn : .damaged }
    var records: [JournalRecord] = []
    while payload.readableBytes > 0 {
      guard let record = JournalRecord(from: &payload) else { return .damaged }
      records.append(record)
    }
    file = ahead
    return .records(records)
  }

  private static func checksum(_ payload: ByteBuffer) -> [UInt8] {
    Array(payload.withUnsafeReadableBytes { SHA256.hash(data: $0) }.prefix(sumSize))
  }
}
