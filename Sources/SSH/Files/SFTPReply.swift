import NIOCore

/// An SFTP server's answer. A value.
///
/// Parsing believes no length: every one is checked against the bytes that are there, and the whole packet is bounded.
enum SFTPReply: Equatable {
  case status(SFTPStatus)
  case handle(SFTPHandle)
  case data(ByteBuffer)

  case names([DirectoryEntry])
  case attributes(FileAttributes)

  /// Largest packet that is taken: OpenSSH's own bound.
  static let packetLimit = 256 << 10
  /// Longest name in a directory, in bytes; Linux's NAME_MAX is 255.
  static let nameLimit = 1024

  /// - Parameter body: a packet without its length, type and id.
  init(type: UInt8, body: ByteBuffer) throws(SFTPViolation) {
    var body = body
    switch type {
    case 101:
      guard let number = body.readInteger(as: UInt32.self) else { throw .malformed }
      // The text is missing from servers of versions before 3.
      let text = try? body.readSFTPString(limit: 4096)
      self = .status(SFTPStatus(number: number, text: String(decoding: text ?? [], as: UTF8.self)))
    case 102:
      self = .handle(SFTPHandle(bytes: try body.readSFTPString(limit: 256)))
    case 103:
      guard let count = body.readInteger(as: UInt32.self), let data = body.readSlice(length: Int(count)) else {
        throw .malformed
      }
      self = .data(data)
    case 104:
      self = .names(try body.readNames())
    case 105:
      self = .attributes(try body.readAttributes())
    default:
      throw .unexpected(type)
    }
  }
}

/// SSH_FXP_STATUS (section 7). A value.
struct SFTPStatus: Equatable {
  var number: UInt32
  var text: String

  static let endOfFile: UInt32 = 1
  static let noSuchFile: UInt32 = 2
  static let permissionDenied: UInt32 = 3
}

/// What an SFTP server may not send. A value.
enum SFTPViolation: Error, Equatable {
  case malformed
  case unexpected(UInt8)
  case tooLong
  case unknownRequest
  /// A name with a slash or a NUL byte, an empty one, or one over the limit.
  case badName
  case version(UInt32)

  var words: String {
    switch self {
    case .malformed: "a malformed packet"
    case .unexpected(let type): "an unexpected packet of type \(type)"
    case .tooLong: "a packet over \(SFTPReply.packetLimit) bytes"
    case .unknownRequest: "an answer that nobody asked for"
    case .badName: "an impossible file name"
    case .version(let version): "protocol version \(version) where 3 is needed"
    }
  }
}

extension ByteBuffer {
  fileprivate mutating func readSFTPString(limit: Int) throws(SFTPViolation) -> [UInt8] {
    guard let count = readInteger(as: UInt32.self), count <= limit, let bytes = readBytes(length: Int(count)) else {
      throw .malformed
    }
    return bytes
  }

  fileprivate mutating func readNames() throws(SFTPViolation) -> [DirectoryEntry] {
    // An entry has at least two empty strings and the flags of its attributes.
    guard let count = readInteger(as: UInt32.self), Int(count) <= readableBytes / 12 else { throw .malformed }
    var entries: [DirectoryEntry] = []
    entries.reserveCapacity(Int(count))
    for _ in 0..<count {
      let name = try readSFTPString(limit: SFTPReply.packetLimit)
      // The line for people (longname) is not looked at.
      guard let longLength = readInteger(as: UInt32.self), readSlice(length: Int(longLength)) != nil else {
        throw .malformed
      }
      entries.append(DirectoryEntry(name: name, attributes: try readAttributes()))
    }
    return entries
  }

  /// Section 5.
  fileprivate mutating func readAttributes() throws(SFTPViolation) -> FileAttributes {
    var attributes = FileAttributes()
    guard let flags = readInteger(as: UInt32.self) else { throw .malformed }
    if flags & 0x1 != 0 { attributes.size = try readField() }
    if flags & 0x2 != 0 {
      attributes.userID = try readField()
      attributes.groupID = try readField()
    }
    if flags & 0x4 != 0 { attributes.permissions = try readField() }
    if flags & 0x8 != 0 {
      attributes.accessTime = try readField()
      attributes.modificationTime = try readField()
    }
    if flags & 0x8000_0000 != 0 {
      let count: UInt32 = try readField()
      guard Int(count) <= readableBytes / 8 else { throw .malformed }
      for _ in 0..<count {
        guard let name: UInt32 = try? readField(), readSlice(length: Int(name)) != nil,
          let value: UInt32 = try? readField(), readSlice(length: Int(value)) != nil
        else { throw .malformed }
      }
    }
    return attributes
  }

  private mutating func readField<Value: FixedWidthInteger>() throws(SFTPViolation) -> Value {
    guard let value = readInteger(as: Value.self) else { throw .malformed }
    return value
  }
}
