import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What is known of a file before it is read. A value.
package struct FileFacts: Sendable, Hashable {
  package var owner: UInt32
  /// Permission bits.
  package var mode: UInt16
  /// Seconds since 1970, with fraction.
  package var modified: Double
  package var size: Int
  package var isDirectory: Bool

  package init(owner: UInt32 = 0, mode: UInt16 = 0o600, modified: Double = 0, size: Int = 0, isDirectory: Bool = false)
  {
    self.owner = owner
    self.mode = mode
    self.modified = modified
    self.size = size
    self.isDirectory = isDirectory
  }
}

/// The file system as this module sees it. Blocking; called once for each file of a load, from the loader's thread.
package protocol ConfigReader: Sendable {
  /// nil when there is no such file.
  func facts(_ path: String) -> FileFacts?
  /// nil when it cannot be read.
  func contents(_ path: String) -> [UInt8]?
  /// Names in a folder, in no order; empty when it cannot be read.
  func names(in folder: String) -> [String]
}

/// The real file system. A value.
package struct LocalConfigReader: ConfigReader {
  package init() {}

  package func facts(_ path: String) -> FileFacts? {
    var status = stat()
    // stat(2): 0, or -1 with errno; why a file cannot be looked at makes no difference here.
    guard stat(path, &status) == 0 else { return nil }
    return FileFacts(
      owner: UInt32(status.st_uid), mode: UInt16(truncatingIfNeeded: status.st_mode & 0o7777),
      modified: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9, size: Int(status.st_size),
      isDirectory: status.st_mode & S_IFMT == S_IFDIR)
  }

  package func contents(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path).map { Array($0) }
  }

  package func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }
}
