import NIOCore

/// A record's bytes: kind, time, id, and what belongs to the kind. Lengths are checked before anything is read: what is not a
/// record is nil, never a trap.
extension JournalRecord {
  private enum Kind: UInt8 {
    case accepted = 1
    case started = 2
    case done = 3
    case unknown = 4
    case withdrawn = 5
  }

  func write(into buffer: inout ByteBuffer) {
    buffer.writeInteger(kind.rawValue)
    buffer.writeInteger(at)
    Self.write(ByteBuffer(string: id), into: &buffer)
    switch step {
    case .accepted(let body): Self.write(ByteBuffer(bytes: body), into: &buffer)
    case .started, .withdrawn: break
    case .done(let result):
      Self.write(result.exit, into: &buffer)
      Self.write(ByteBuffer(bytes: result.digest), into: &buffer)
      result.output.write(into: &buffer)
    case .unknown(let doubt):
      Self.write(ByteBuffer(string: doubt.code), into: &buffer)
      Self.write(ByteBuffer(string: doubt.message), into: &buffer)
    }
  }

  init?(from buffer: inout ByteBuffer) {
    guard let kind = buffer.readInteger(as: UInt8.self).flatMap(Kind.init(rawValue:)),
      let at = buffer.readInteger(as: Int64.self), let id = Self.readField(&buffer), id.readableBytes > 0
    else { return nil }
    let step: Step
    switch kind {
    case .accepted:
      guard let body = Self.readField(&buffer) else { return nil }
      step = .accepted(body: Array(body.readableBytesView))
    case .started: step = .started
    case .withdrawn: step = .withdrawn
    case .done:
      guard let exit = Self.readField(&buffer), let digest = Self.readField(&buffer),
        let output = CommandOutput(from: &buffer)
      else { return nil }
      step = .done(
        JournalResult(
          exit: ByteBuffer(bytes: exit.readableBytesView), digest: Array(digest.readableBytesView), output: output))
    case .unknown:
      guard let code = Self.readField(&buffer), let message = Self.readField(&buffer) else { return nil }
      step = .unknown(JournalDoubt(code: String(buffer: code), message: String(buffer: message)))
    }
    self.init(String(buffer: id), at: at, step)
  }

  private var kind: Kind {
    switch step {
    case .accepted: .accepted
    case .started: .started
    case .done: .done
    case .unknown: .unknown
    case .withdrawn: .withdrawn
    }
  }

  private static func write(_ field: ByteBuffer, into buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt32(clamping: field.readableBytes))
    buffer.writeImmutableBuffer(field)
  }

  fileprivate static func readField(_ buffer: inout ByteBuffer) -> ByteBuffer? {
    buffer.readInteger(as: UInt32.self).flatMap { buffer.readSlice(length: Int($0)) }
  }
}

extension CommandOutput {
  fileprivate func write(into buffer: inout ByteBuffer) {
    buffer.writeInteger(isCut ? UInt8(1) : 0)
    buffer.writeInteger(UInt32(clamping: segments.count))
    var offset = 0
    var segment = 0
    while let next = piece(after: offset, segment: &segment, limit: .max) {
      buffer.writeInteger(next.stream.rawValue)
      buffer.writeInteger(UInt32(clamping: next.bytes.readableBytes))
      buffer.writeImmutableBuffer(next.bytes)
      offset += next.bytes.readableBytes
    }
  }

  fileprivate init?(from buffer: inout ByteBuffer) {
    guard let isCut = buffer.readInteger(as: UInt8.self), let count = buffer.readInteger(as: UInt32.self),
      Int(count) <= Self.segmentLimit
    else { return nil }
    var pieces: [(Stream, ByteBuffer)] = []
    for _ in 0..<count {
      guard let stream = buffer.readInteger(as: UInt8.self).flatMap(Stream.init(rawValue:)),
        let piece = JournalRecord.readField(&buffer)
      else { return nil }
      pieces.append((stream, piece))
    }
    self.init(pieces: pieces, isCut: isCut != 0)
  }
}
