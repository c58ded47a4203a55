import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A value: a folder that only its owner can enter (0700), and what is asked of the file system there. Blocks.
///
/// Everything that `create` and `replace` report as done has reached the disk: the file, then the folder that names it.
struct PrivateFolder: Sendable, Hashable {
  let path: FilePath

  /// Makes the folder if it is not there; what stands above it must be there.
  ///
  /// - Throws: `storage`: also where others may enter the folder, since they could have put anything there.
  init(creating path: FilePath) throws(EnrollmentError) {
    self.path = path
    if mkdir(path.string, 0o700) == 0 {
      try PrivateFolder.synchronize(path.removingLastComponent())
    } else if errno != EEXIST {
      throw Self.failure("Cannot make the folder", path)
    }
    try check()
  }

  /// - Throws: `notFound`, `storage`.
  init(existing path: FilePath) throws(EnrollmentError) {
    self.path = path
    try check()
  }

  private func check() throws(EnrollmentError) {
    var status = stat()
    guard stat(path.string, &status) == 0 else {
      if errno == ENOENT { throw EnrollmentError(.notFound, "There is no folder \(path)") }
      throw Self.failure("Cannot look at the folder", path)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw EnrollmentError(.storage, "Not a folder: \(path)") }
    guard status.st_mode & 0o077 == 0 else {
      throw EnrollmentError(.storage, "Others may enter the folder \(path): chmod 700 it")
    }
    guard status.st_uid == geteuid() else {
      throw EnrollmentError(.storage, "The folder \(path) belongs to another user")
    }
  }

  /// A folder in this one, made if it is not there.
  func folder(_ name: String) throws(EnrollmentError) -> PrivateFolder {
    try PrivateFolder(creating: path.appending(name))
  }

  func synchronize() throws(EnrollmentError) {
    try Self.synchronize(path)
  }

  /// fsync(2) of the folder: names that were made or removed in it last.
  private static func synchronize(_ path: FilePath) throws(EnrollmentError) {
    let path = path.isEmpty ? "." : path
    let descriptor = open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("Cannot open the folder", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("Cannot make the folder last", path) }
  }

  /// What `errno` says of the call before.
  static func failure(_ what: StaticString, _ path: FilePath) -> EnrollmentError {
    EnrollmentError(.storage, "\(what) \(path): \(Errno(rawValue: errno))")
  }
}
