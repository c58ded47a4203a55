import AgentAPI
import SSH

/// One name that a listing found. A value.
struct ListedEntry: Sendable {
  /// Relative to the listed path, components joined by a slash.
  var name: [UInt8]
  var depth: UInt32
  var attributes: FileAttributes
  /// Why a directory's own entries are missing.
  var failure: FailureCode?
}

/// The order of a listing; ties are broken by name, so it is the same each time. A value.
struct ListOrder: Sendable {
  private let sort: ListSort

  init(_ sort: ListSort) { self.sort = sort }

  func precedes(_ left: ListedEntry, _ right: ListedEntry) -> Bool {
    switch sort {
    case .size where left.attributes.size != right.attributes.size:
      (left.attributes.size ?? 0) > (right.attributes.size ?? 0)
    case .time where left.attributes.modificationTime != right.attributes.modificationTime:
      (left.attributes.modificationTime ?? 0) > (right.attributes.modificationTime ?? 0)
    default:
      Self.pathPrecedes(left.name, right.name)
    }
  }

  /// By bytes, but a slash before every other byte: each directory is followed by what is in it.
  private static func pathPrecedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.lexicographicallyPrecedes(right) { rank($0) < rank($1) }
  }

  private static func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
}

extension Entry {
  init(_ entry: ListedEntry) {
    self.init()
    name = .init(entry.name)
    depth = entry.depth
    type = FileType(entry.attributes.kind)
    size = Int64(clamping: entry.attributes.size ?? 0)
    mode = (entry.attributes.permissions ?? 0) & 0o7777
    mtimeS = Int64(entry.attributes.modificationTime ?? 0)
    errorCode = entry.failure?.rawValue ?? ""
  }
}
