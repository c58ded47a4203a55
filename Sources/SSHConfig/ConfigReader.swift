import FoundationEssentials

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
    let resolved = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil ? path : realPath(path)
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved) else { return nil }
    return FileFacts(
      owner: (attributes[.ownerAccountID] as? any BinaryInteger).map { UInt32(truncatingIfNeeded: $0) } ?? 0,
      mode: (attributes[.posixPermissions] as? any BinaryInteger).map { UInt16(truncatingIfNeeded: $0) } ?? 0,
      modified: (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0,
      size: (attributes[.size] as? any BinaryInteger).map { Int(truncatingIfNeeded: $0) } ?? 0,
      isDirectory: attributes[.type] as? FileAttributeType == .typeDirectory)
  }

  package func contents(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path).map { Array($0) }
  }

  package func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  private func realPath(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
  }
}
