#if canImport(Glibc)
  import Glibc
#endif

/// Whether a file is still the one that was read: inode, size, time of change, owner and mode. A value.
package struct FileStamp: Sendable, Hashable {
  private var inode: UInt64 = 0
  private var size: Int64 = -1
  private var seconds: Int = 0
  private var nanoseconds: Int = 0
  private(set) var owner: UInt32 = 0
  private(set) var mode: UInt16 = 0

  /// Looks at the file (stat(2)); a missing file has a stamp too. Blocks: not for event loops.
  package init(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
    owner = status.st_uid
    mode = UInt16(truncatingIfNeeded: status.st_mode & 0o7777)
  }
}
