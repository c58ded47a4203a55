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
      let failure = PrivateFolder.failure("Cannot lock", file)
      guard errno == EWOULDBLOCK || errno == EINTR, waited < patience else {
        let held = errno == EWOULDBLOCK
        close(descriptor)
        throw held ? EnrollmentError(.busy, "Another process has held \(file) for \(patience) ms") : failure
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
