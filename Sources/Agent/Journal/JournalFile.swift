import AgentAPI
import NIOCore
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The journal's file: appended to, synchronized, rewritten when it has grown. Owns its descriptors. Blocks: not for event loops.
///
/// A folder belongs to one agent at a time (`commands.lock`, flock(2)); both files are the owner's alone (0600).
struct JournalFile: ~Copyable {
  /// NIO has one of that name.
  private typealias Descriptor = SystemPackage.FileDescriptor

  private static let magic: [UInt8] = Array("SCOUTJ1\n".utf8)
  private static let headSize = 16
  /// A longer file is not this program's.
  private static let sizeLimit: Int64 = 512 << 20

  let folder: String
  private let lock: Descriptor
  private var file: Descriptor
  private(set) var size: Int64 = 0
  /// Its size when it was last rewritten.
  private var compactSize: Int64 = 0
  /// A write failed, and nobody knows what the disk holds of it: it has to be rewritten before anything is appended.
  private(set) var isSpoilt = false

  /// Opens or makes the journal in `folder`, which is made too, and reads it.
  ///
  /// - Parameters:
  ///   - now: in seconds since 1970, for a journal that is new.
  ///   - recovered: told each record, in order.
  /// - Throws: AgentError whose message names the folder and what to do.
  static func open(
    _ folder: String, now: Int64, recovered: (Int64, [JournalRecord]) -> Void
  ) throws(AgentError) -> JournalFile {
    try Self.trying(folder) {
      try? makeFolder(folder)
      let lock = try Descriptor.open(
        FilePath(folder + "/commands.lock"), .readWrite, options: [.create, .closeOnExec],
        permissions: [.ownerReadWrite])
      guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
        try? lock.close()
        throw AgentError(
          code: .invalidArgument, message: "\(folder) belongs to another agent that runs: give each a folder of its own"
        )
      }
      let file: Descriptor
      do {
        file = try Descriptor.open(
          FilePath(folder + "/commands.journal"), .readWrite, options: [.create, .closeOnExec],
          permissions: [.ownerReadWrite])
      } catch {
        try? lock.close()
        throw error
      }
      var journal = JournalFile(folder: folder, lock: lock, file: file)
      try journal.read(now: now, recovered)
      return journal
    }
  }

  private init(folder: String, lock: Descriptor, file: Descriptor) {
    self.folder = folder
    self.lock = lock
    self.file = file
  }

  deinit {
    try? file.close()
    // Ends the lock as well.
    try? lock.close()
  }

  /// Writes records and returns when they are on the disk.
  mutating func append(_ records: [JournalRecord]) throws(AgentError) {
    guard !isSpoilt else { throw Self.failure(folder, "an earlier write failed") }
    let frame = JournalFrame.frame(records)
    do {
      try file.seek(offset: size, from: .start)
      _ = try file.writeAll(frame.readableBytesView)
      try Self.synchronize(file)
      size += Int64(frame.readableBytes)
    } catch {
      isSpoilt = true
      try? file.resize(to: size)
      throw Self.failure(folder, "\(error)")
    }
  }

  /// Whether it is worth rewriting.
  func hasGrown(slack: Int) -> Bool { size > 2 * compactSize + Int64(slack) }

  /// Puts a file with these records alone in its place, all at once.
  mutating func rewrite(_ records: [JournalRecord], created: Int64) throws(AgentError) {
    let path = folder + "/commands.journal"
    let folder = self.folder
    let (next, length) = try Self.trying(folder) {
      let next = try Descriptor.open(
        FilePath(path + ".new"), .readWrite, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite]
      )
      do {
        var length = try Self.writeHead(next, created: created)
        // One record a frame: no payload comes near the limit, and there is no batch to keep together.
        for record in records {
          let frame = JournalFrame.frame(CollectionOfOne(record))
          length += Int64(try next.writeAll(frame.readableBytesView))
        }
        try Self.synchronize(next)
        guard rename(path + ".new", path) == 0 else { throw Errno(rawValue: errno) }
        return (next, length)
      } catch {
        try? next.close()
        throw error
      }
    }
    // From here on it is the journal: what is appended to the one before would be lost.
    try? file.close()
    file = next
    size = length
    compactSize = length
    // Until the folder is on the disk, too, a crash may bring the one before back.
    isSpoilt = true
    try Self.trying(folder) { try Self.synchronizeFolder(folder) }
    isSpoilt = false
  }

  // MARK: Reading

  private mutating func read(now: Int64, _ recovered: (Int64, [JournalRecord]) -> Void) throws {
    let length = try file.seek(offset: 0, from: .end)
    guard length <= Self.sizeLimit else {
      throw Self.failure(folder, "commands.journal has \(length) bytes, more than it can have: move it away")
    }
    guard length >= Int64(Self.headSize) else {
      // Not even its head was written whole.
      try file.resize(to: 0)
      try file.seek(offset: 0, from: .start)
      size = try Self.writeHead(file, created: now)
      try Self.synchronize(file)
      try Self.synchronizeFolder(folder)
      compactSize = size
      recovered(now, [])
      return
    }
    var bytes = ByteBuffer(bytes: try Self.readAll(file, length: Int(length)))
    guard bytes.readBytes(length: Self.magic.count) == Self.magic, let created = bytes.readInteger(as: Int64.self)
    else {
      throw Self.failure(folder, "commands.journal is not a journal of this version: move it away")
    }
    recovered(created, [])
    while true {
      switch JournalFrame.next(&bytes) {
      case .records(let records): recovered(created, records)
      case .end, .torn:
        size = length - Int64(bytes.readableBytes)
        try file.resize(to: size)
        compactSize = size
        return
      case .damaged:
        throw Self.failure(
          folder,
          "commands.journal is damaged at byte \(length - Int64(bytes.readableBytes)), so commands that ran may be missing: "
            + "move it away, and look on the hosts before sending them again")
      }
    }
  }

  private static func readAll(_ file: Descriptor, length: Int) throws -> [UInt8] {
    try file.seek(offset: 0, from: .start)
    return try [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      while count < length {
        let read = try file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]))
        if read == 0 { return }
        count += read
      }
    }
  }

  // MARK: Parts

  private static func writeHead(_ file: Descriptor, created: Int64) throws -> Int64 {
    var head = ByteBuffer(bytes: magic)
    head.writeInteger(created)
    return Int64(try file.writeAll(head.readableBytesView))
  }

  /// fdatasync(2): the length is written too where it changed.
  private static func synchronize(_ file: Descriptor) throws {
    #if canImport(Glibc)
      guard fdatasync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    #else
      guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    #endif
  }

  private static func synchronizeFolder(_ folder: String) throws {
    let descriptor = try Descriptor.open(FilePath(folder), .readOnly, options: [.closeOnExec])
    defer { try? descriptor.close() }
    guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
  }

  private static func makeFolder(_ folder: String) throws {
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
  }

  private static func trying<Result: ~Copyable>(
    _ folder: String, _ body: () throws -> Result
  ) throws(AgentError) -> Result {
    do {
      return try body()
    } catch let error as AgentError {
      throw error
    } catch {
      throw failure(folder, "\(error)")
    }
  }

  private static func failure(_ folder: String, _ reason: String) -> AgentError {
    AgentError(code: .internal, message: "the journal of commands in \(folder) cannot be used: \(reason)")
  }
}
