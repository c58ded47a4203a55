import AgentAPI
import SSH

extension FileType {
  init(_ kind: FileAttributes.Kind) {
    self =
      switch kind {
      case .file: .regular
      case .directory: .directory
      case .symlink: .symlink
      case .blockDevice: .blockDevice
      case .characterDevice: .characterDevice
      case .fifo: .fifo
      case .socket: .socket
      case .unknown: .unknown
      }
  }
}

extension FileInfo {
  /// - Parameter path: as the caller wrote it; its last component becomes the name.
  init(path: RemotePath, attributes: FileAttributes) {
    self.init()
    let slash = UInt8(ascii: "/")
    let end = (path.bytes.lastIndex { $0 != slash } ?? 0) + 1
    let start = path.bytes[..<(end - 1)].lastIndex(of: slash).map { $0 + 1 } ?? 0
    name = .init(path.bytes[start..<end])
    type = FileType(attributes.kind)
    size = Int64(clamping: attributes.size ?? 0)
    mode = (attributes.permissions ?? 0) & 0o7777
    mtimeS = Int64(attributes.modificationTime ?? 0)
    uid = attributes.userID ?? 0
    gid = attributes.groupID ?? 0
  }
}
