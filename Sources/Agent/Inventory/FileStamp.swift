import Glibc

/// What tells that a file is not the one that was read: stat(2)'s size, time and inode, or that it is missing. A value.
struct FileStamp: Sendable, Hashable {
  let path: String
  private let size: Int
  private let inode: UInt
  private let seconds: Int
  private let nanoseconds: Int

  /// Looks at the file now; blocks as long as stat(2) does.
  init(_ path: String) {
    self.path = path
    var status = stat()
    let isThere = stat(path, &status) == 0
    size = isThere ? Int(status.st_size) : -1
    inode = isThere ? UInt(status.st_ino) : 0
    seconds = isThere ? status.st_mtim.tv_sec : 0
    nanoseconds = isThere ? status.st_mtim.tv_nsec : 0
  }
}
