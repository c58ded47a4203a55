import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension PrivateFolder {
  /// No file here is longer than a full list of revocations.
  static let longestFile = 32 << 20
  /// Files being written, not yet under their name.
  static let unfinished = ".new-"

  func exists(_ name: String) -> Bool {
    var status = stat()
    return lstat(path.appending(name).string, &status) == 0
  }

  /// - Returns: Nil where there is no such file.
  /// - Throws: `storage`: also for a file over `limit` bytes, and for a link.
  func read(_ name: String, limit: Int = longestFile) throws(EnrollmentError) -> [UInt8]? {
    let file = path.appending(name)
    let descriptor = open(file.string, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw Self.failure("Cannot open", file)
    }
    let opened = FileDescriptor(rawValue: descriptor)
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    do {
      while bytes.count <= limit {
        let room = min(65_536, limit + 1 - bytes.count)
        let chunk = try [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
          count = try opened.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        if chunk.isEmpty { return bytes }
        bytes += chunk
      }
    } catch {
      throw EnrollmentError(.storage, "Cannot read \(file): \(error)")
    }
    throw EnrollmentError(.storage, "\(file) is longer than \(limit) bytes")
  }

  /// Makes a file that was not there, and follows no link. Of many who try at once, in any process, one succeeds.
  ///
  /// - Throws: `alreadyExists`; `storage`, after which the file may exist, whole or not.
  func create(_ name: String, _ bytes: [UInt8]) throws(EnrollmentError) {
    try write(name, bytes)
    try synchronize()
  }

  /// Puts `bytes` in the place of the file, if there is one: readers see the old contents or the new, never a part.
  func replace(_ name: String, _ bytes: [UInt8]) throws(EnrollmentError) {
    let temporary = temporaryName()
    do {
      try write(temporary, bytes)
      try move(temporary, to: name)
    } catch {
      unlink(path.appending(temporary).string)
      throw error
    }
    try synchronize()
  }

  /// Puts a link to `target` in the place of the link `name`, in one step.
  func link(_ name: String, to target: String) throws(EnrollmentError) {
    let temporary = temporaryName()
    let file = path.appending(temporary)
    guard symlink(target, file.string) == 0 else { throw Self.failure("Cannot make the link", file) }
    do {
      try move(temporary, to: name)
    } catch {
      unlink(file.string)
      throw error
    }
    try synchronize()
  }

  /// - Returns: Nil where there is no such name.
  /// - Throws: `storage` where it is no link.
  func target(_ name: String) throws(EnrollmentError) -> String? {
    let file = path.appending(name)
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = bytes.withUnsafeMutableBytes { buffer in
      buffer.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { readlink(file.string, $0, buffer.count) } ?? -1 }
    }
    guard count >= 0 else {
      if errno == ENOENT { return nil }
      // EINVAL, readlink(2): something else has its place.
      guard errno != EINVAL else {
        throw EnrollmentError(
          .storage,
          "\(file) is no link any more, as after a copy with scp -r: copy the folder anew, with rsync -a or tar")
      }
      throw Self.failure("Cannot read the link", file)
    }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Removes a file, if it is there; gone for good only after `synchronize`.
  func remove(_ name: String) throws(EnrollmentError) {
    let file = path.appending(name)
    guard unlink(file.string) == 0 || errno == ENOENT else { throw Self.failure("Cannot remove", file) }
  }

  /// Removes a folder in this one with the files in it.
  func removeFolder(_ name: String) throws(EnrollmentError) {
    let folder = path.appending(name)
    let inside = try PrivateFolder(existing: folder)
    for file in try inside.names() { try inside.remove(file) }
    guard rmdir(folder.string) == 0 else { throw Self.failure("Cannot remove the folder", folder) }
  }

  /// The names in the folder, in no order.
  ///
  /// - Throws: `storage`: also for more than `limit` of them.
  func names(limit: Int = 100_000) throws(EnrollmentError) -> [String] {
    guard let stream = opendir(path.string) else { throw Self.failure("Cannot list", path) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name != ".", name != ".." else { continue }
      guard names.count < limit else { throw EnrollmentError(.storage, "More than \(limit) files in \(path)") }
      names.append(name)
    }
    return names
  }

  private func write(_ name: String, _ bytes: [UInt8]) throws(EnrollmentError) {
    let file = path.appending(name)
    let descriptor = open(file.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      if errno == EEXIST { throw EnrollmentError(.alreadyExists, "There is already a file \(file)") }
      throw Self.failure("Cannot make", file)
    }
    defer { close(descriptor) }
    do {
      _ = try FileDescriptor(rawValue: descriptor).writeAll(bytes)
    } catch {
      throw EnrollmentError(.storage, "Cannot write \(file): \(error)")
    }
    guard fsync(descriptor) == 0 else { throw Self.failure("Cannot flush to disk", file) }
  }

  /// Puts a file in the place of another, in one step: of the two only the one moved is left.
  func replace(_ name: String, by other: String) throws(EnrollmentError) {
    try move(other, to: name)
    try synchronize()
  }

  private func move(_ name: String, to other: String) throws(EnrollmentError) {
    let file = path.appending(other)
    guard rename(path.appending(name).string, file.string) == 0 else { throw Self.failure("Cannot replace", file) }
  }

  private func temporaryName() -> String {
    Self.unfinished + Hex.text(RandomBytes.make(8))
  }
}
