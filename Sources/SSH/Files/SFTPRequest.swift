import NIOCore

/// A message to an SFTP server, version 3 (draft-ietf-secsh-filexfer-02). A value.
enum SFTPRequest: Equatable {
  case open(RemotePath)
  case openDirectory(RemotePath)
  case close(SFTPHandle)
  case read(SFTPHandle, offset: UInt64, count: UInt32)
  case readDirectory(SFTPHandle)
  case stat(RemotePath)
  case lstat(RemotePath)
  case readLink(RemotePath)
  case realPath(RemotePath)

  /// The version message that comes first (section 4).
  static let greeting = ByteBuffer(bytes: [0, 0, 0, 5, 1, 0, 0, 0, 3])

  private var type: UInt8 {
    switch self {
    case .open: 3
    case .close: 4
    case .read: 5
    case .lstat: 7
    case .openDirectory: 11
    case .readDirectory: 12
    case .realPath: 16
    case .stat: 17
    case .readLink: 19
    }
  }

  /// Whether it is answered by a handle.
  var opens: Bool {
    switch self {
    case .open, .openDirectory: true
    default: false
    }
  }

  func encode(id: UInt32, into buffer: inout ByteBuffer) {
    let start = buffer.writerIndex
    // Most fit into this; a buffer that grows field by field is copied each time.
    buffer.reserveCapacity(minimumWritableBytes: 128)
    buffer.writeInteger(UInt32(0))
    buffer.writeInteger(type)
    buffer.writeInteger(id)
    switch self {
    case .open(let path):
      buffer.writeString(of: path.bytes)
      // SSH_FXF_READ, and no attributes: nothing is created.
      buffer.writeMultipleIntegers(UInt32(1), UInt32(0))
    case .openDirectory(let path), .stat(let path), .lstat(let path), .readLink(let path), .realPath(let path):
      buffer.writeString(of: path.bytes)
    case .close(let handle), .readDirectory(let handle):
      buffer.writeString(of: handle.bytes)
    case .read(let handle, let offset, let count):
      buffer.writeString(of: handle.bytes)
      buffer.writeMultipleIntegers(offset, count)
    }
    buffer.setInteger(UInt32(buffer.writerIndex - start - 4), at: start)
  }
}

/// A server's name for an open file or directory: at most 256 bytes (section 3). A value.
struct SFTPHandle: Sendable, Hashable {
  let bytes: [UInt8]
}

extension ByteBuffer {
  /// A `string` of RFC 4251 section 5.
  fileprivate mutating func writeString(of bytes: [UInt8]) {
    writeInteger(UInt32(bytes.count))
    writeBytes(bytes)
  }
}
