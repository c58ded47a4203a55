import FoundationEssentials
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The last snapshot on disk, so that a coordinator that starts while the store is away knows where agents were.
/// Sendable: holds a path only. Its methods block: call them at start or from a thread pool.
///
/// Replaced as a whole (a new file, fsync, rename), readable by its owner only. A file that others may write is not read.
struct SnapshotFile: Sendable {
  /// What stands in the file. A value.
  private struct Content: Codable {
    var version: Int
    var revision: Int64
    var rows: [RowCodec.Written]
  }

  static let maxBytes = 64 * 1024 * 1024
  private static let version = 1

  let path: String

  /// Nil when there is no file. Throws `.invalid` for one that cannot be used; rows out of bounds spoil the whole.
  func read() throws(RegistryError) -> RegistrySnapshot? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw failure("open")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o022 == 0, status.st_uid == geteuid() else {
      throw RegistryError(.invalid, "\(path) is not a file of ours that only we can write")
    }
    guard status.st_size <= Self.maxBytes else { throw RegistryError(.invalid, "\(path) is too large") }
    let content: Content
    do {
      content = try JSONDecoder().decode(Content.self, from: try bytes(descriptor))
    } catch let error as RegistryError {
      throw error
    } catch {
      throw RegistryError(.invalid, "\(path) is no snapshot: \(error)")
    }
    guard content.version == Self.version else {
      throw RegistryError(.invalid, "\(path) has version \(content.version)")
    }
    var snapshot = RegistrySnapshot(revision: content.revision, source: .file)
    for written in content.rows {
      let row = try written.row()
      snapshot.rows[row.id] = row
    }
    return snapshot
  }

  func write(_ snapshot: RegistrySnapshot) throws(RegistryError) {
    let rows = snapshot.rows.values.sorted { $0.id < $1.id }.map(RowCodec.Written.init)
    let data: Data
    do {
      let content = Content(version: Self.version, revision: snapshot.revision, rows: rows)
      data = try JSONEncoder().encode(content)
    } catch {
      throw RegistryError(.invalid, "the snapshot cannot be encoded: \(error)")
    }
    guard data.count <= Self.maxBytes else { throw RegistryError(.full, "the snapshot is too large to be kept") }
    let new = "\(path).\(getpid()).\(Self.count.add(1, ordering: .relaxed).newValue).new"
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure("open") }
    do throws(RegistryError) {
      defer { close(descriptor) }
      try write(data, descriptor)
      guard fsync(descriptor) == 0 else { throw failure("fsync") }
    } catch {
      unlink(new)
      throw error
    }
    guard rename(new, path) == 0 else {
      let error = failure("rename")
      unlink(new)
      throw error
    }
  }

  /// Makes the names of new files differ within a process.
  private static let count = Atomic<UInt64>(0)

  private func bytes(_ descriptor: Int32) throws(RegistryError) -> Data {
    var data = Data()
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while data.count <= Self.maxBytes {
      let size = chunk.count
      let count = chunk.withUnsafeMutableBytes { Self.read(descriptor, $0.baseAddress, size) }
      if count == 0 { return data }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("read")
      }
      data.append(contentsOf: chunk[..<count])
    }
    throw RegistryError(.invalid, "\(path) is too large")
  }

  private func write(_ data: Data, _ descriptor: Int32) throws(RegistryError) {
    let bytes = [UInt8](data)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Self.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("write")
      }
      done += count
    }
  }

  // Names of the C library that this type's own methods hide.
  #if canImport(Glibc)
    private static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
      Glibc.read(descriptor, bytes, count)
    }
    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
      Glibc.write(descriptor, bytes, count)
    }
  #else
    private static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
      Darwin.read(descriptor, bytes, count)
    }
    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
      Darwin.write(descriptor, bytes, count)
    }
  #endif

  private func failure(_ call: String) -> RegistryError {
    RegistryError(.invalid, "\(path): \(call): \(String(cString: strerror(errno)))")
  }
}
