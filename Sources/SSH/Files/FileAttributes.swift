/// What a host tells about a file (SFTP version 3, draft-ietf-secsh-filexfer-02 section 5). A value.
package struct FileAttributes: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case file, directory, symlink, fifo, socket, characterDevice, blockDevice, unknown
  }

  /// Bytes.
  package var size: UInt64?
  package var userID: UInt32?
  package var groupID: UInt32?
  /// Mode bits with the file type, as in `st_mode`.
  package var permissions: UInt32?
  /// Seconds since 1970.
  package var accessTime: UInt32?
  package var modificationTime: UInt32?

  package init(
    size: UInt64? = nil, userID: UInt32? = nil, groupID: UInt32? = nil, permissions: UInt32? = nil,
    accessTime: UInt32? = nil, modificationTime: UInt32? = nil
  ) {
    self.size = size
    self.userID = userID
    self.groupID = groupID
    self.permissions = permissions
    self.accessTime = accessTime
    self.modificationTime = modificationTime
  }

  package var kind: Kind {
    switch (permissions ?? 0) & 0o170000 {
    case 0o100000: .file
    case 0o040000: .directory
    case 0o120000: .symlink
    case 0o010000: .fifo
    case 0o140000: .socket
    case 0o020000: .characterDevice
    case 0o060000: .blockDevice
    default: .unknown
    }
  }
}

/// One name in a directory. A value.
package struct DirectoryEntry: Sendable, Hashable {
  /// Bytes as the host keeps them: not always UTF-8, never "." or "..".
  package var name: [UInt8]
  /// Of the name itself: a symbolic link is not followed.
  package var attributes: FileAttributes

  package init(name: [UInt8], attributes: FileAttributes) {
    self.name = name
    self.attributes = attributes
  }
}
