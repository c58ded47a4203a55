import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A value: the right to change a folder, held against other tasks and processes until `release`. Blocks.
///
/// flock(2) on a file of its own: the system lets go when the process ends, however it ends.
struct FolderLock {
  static let fileName = ".lock"

  private let descriptor: CInt

  /// - Parameter patience: Milliseconds.
  /// - Throws: `busy` when another held the lock all the time; `storage`.
  init(_ folder: PrivateFolder, patience: Int = 5000) throws(EnrollmentError) {
    let file = folder.path.appending(Self.fileName)
    let descriptor = open(file.string, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PrivateFolder.failure("Cannot open the lock", file) }
    var waited = 0
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      // Nothing before it: whatever allocates may change it.
      let reason = errno
      guard reason == EWOULDBLOCK || reason == EINTR, waited < patience else {
        close(descriptor)
        errno = reason
        throw reason == EWOULDBLOCK
          ? EnrollmentError(.busy, "Another process has held \(file) for \(patience) ms")
          : PrivateFolder.failure("Cannot lock", file)
      }
      usleep(5000)
      waited += 5
    }
    self.descriptor = descriptor
  }

  /// Once; the lock is not to be used after it.
  func release() {
    close(descriptor)
  }
}
