extension SSHError {
  /// A server's refusal of an operation on `path`.
  init(_ status: SFTPStatus, host: String, path: RemotePath) {
    switch status.number {
    case SFTPStatus.noSuchFile:
      self.init(.notFound, "\(host): there is no \(path)", phase: .operation)
    case SFTPStatus.permissionDenied:
      self.init(.permissionDenied, "\(host): the login user may not read \(path)", phase: .operation)
    case 8:
      self.init(.unsupported, "\(host): the SFTP server cannot do this with \(path)", phase: .operation)
    default:
      let text = status.text.isEmpty ? "status \(status.number)" : status.text
      self.init(.failure, "\(host): the SFTP server says of \(path): \(text)", phase: .operation)
    }
  }

  init(_ violation: SFTPViolation, host: String) {
    self.init(
      .protocolViolation, "\(host): the SFTP server sent \(violation.words)", phase: .operation, scope: .lane)
  }

  static func notAFile(_ kind: FileAttributes.Kind, host: String, path: RemotePath) -> SSHError {
    let hint = kind == .directory ? "it is a directory: list it instead" : "it is a \(kind.words)"
    return SSHError(.notAFile, "\(host): \(path) is not a regular file; \(hint)", phase: .operation)
  }

  static func notADirectory(host: String, path: RemotePath) -> SSHError {
    SSHError(.notADirectory, "\(host): \(path) is not a directory; read it instead", phase: .operation)
  }
}

extension FileAttributes.Kind {
  fileprivate var words: String {
    switch self {
    case .file: "regular file"
    case .directory: "directory"
    case .symlink: "symbolic link"
    case .fifo: "named pipe"
    case .socket: "socket"
    case .characterDevice: "character device"
    case .blockDevice: "block device"
    case .unknown: "special file"
    }
  }
}
