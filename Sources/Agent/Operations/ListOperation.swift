import AgentAPI
import SSH

/// The entries of a directory or of the tree below it, over SFTP: no program runs on the host. A value.
///
/// Symbolic links below the path are told, not followed, so a tree ends. Memory is bounded by
/// `AgentSettings.maxEntries` and `nameBytes`; what is beyond is not looked at, and the answer says so.
struct ListOperation: Sendable {
  /// Entries in one message, and bytes of their names: well below the message limit of 4 MiB.
  static let batchSize = 512
  static let batchBytes = 256 << 10
  /// Bytes of all names that are held, each with the way to it.
  static let nameBytes = 64 << 20
  /// Levels at most.
  static let maxDepth: UInt32 = 64
  /// Entries that one answer holds at most when the caller names no limit.
  static let defaultLimit = 10_000

  let context: OperationContext
  let path: RemotePath
  let depth: UInt32
  let includesHidden: Bool
  let sort: ListSort
  let limit: Int
  let skip: Int

  init(_ request: ListRequest, in context: OperationContext) throws(SSHError) {
    self.context = context
    path = try RemotePath(Array(request.path))
    depth = max(1, request.depth)
    guard depth <= Self.maxDepth else {
      throw SSHError(.invalidArgument, "depth is 1 to \(Self.maxDepth), not \(request.depth)")
    }
    includesHidden = request.hidden
    sort = request.sort
    limit = request.limit == 0 ? Self.defaultLimit : Int(request.limit)
    skip = Int(request.skip)
  }

  func run(_ sink: @escaping ReplySink<ListBatch>) async throws -> CallTimings {
    let (_, timings) = try await context.withFiles { lane in
      var found = try await walk(lane)
      found.entries.sort(by: ListOrder(sort).precedes)
      let chosen = found.entries.dropFirst(skip).prefix(limit)
      let isCut = found.stoppedEarly || skip + chosen.count < found.entries.count

      var batch = ListBatch()
      var bytes = 0
      for entry in chosen {
        var message = Entry(entry)
        if entry.attributes.kind == .symlink {
          message.linkTarget = .init(try await linkTarget(entry, lane).prefix(RemotePath.limit))
        }
        bytes += entry.name.count + message.linkTarget.count
        batch.entries.append(message)
        if batch.entries.count == Self.batchSize || bytes >= Self.batchBytes {
          try await sink(batch)
          batch = ListBatch()
          bytes = 0
        }
      }
      batch.truncated = isCut
      batch.totalSeen = Int64(found.entries.count)
      try await sink(batch)
    }
    return timings
  }

  private struct Finding {
    var entries: [ListedEntry] = []
    var nameBytes = 0
    var stoppedEarly = false
  }

  /// Level by level, so that what is left out when the bound is reached is what lies deepest.
  private func walk(_ lane: SFTPLane) async throws -> Finding {
    var finding = Finding()
    var level: [(name: [UInt8], index: Int?)] = [([], nil)]
    for depth in 1...depth where !level.isEmpty {
      var below: [(name: [UInt8], index: Int?)] = []
      for directory in level {
        let firstEntry = finding.entries.count
        do {
          try await readDirectory(directory.name, depth: depth, lane, into: &finding)
        } catch let error as SSHError where error.scope == .request && directory.index != nil {
          // The directory above was readable, so this is one entry's misfortune and not the answer's.
          finding.entries[directory.index!].failure = error.failureCode
        }
        guard !finding.stoppedEarly else { return finding }
        for index in firstEntry..<finding.entries.count where finding.entries[index].attributes.kind == .directory {
          below.append((finding.entries[index].name, index))
        }
      }
      level = below
    }
    return finding
  }

  private func readDirectory(
    _ name: [UInt8], depth: UInt32, _ lane: SFTPLane, into finding: inout Finding
  ) async throws {
    let deadline = context.call.deadline
    let reader = try await lane.openDirectory(below(name), deadline: deadline)
    defer { reader.close() }
    while let batch = try await reader.next(deadline: deadline) {
      for entry in batch where includesHidden || entry.name.first != UInt8(ascii: ".") {
        guard finding.entries.count < context.settings.maxEntries, finding.nameBytes < Self.nameBytes else {
          finding.stoppedEarly = true
          return
        }
        let path = name.isEmpty ? entry.name : name + [UInt8(ascii: "/")] + entry.name
        finding.nameBytes += path.count
        finding.entries.append(ListedEntry(name: path, depth: depth, attributes: entry.attributes))
      }
    }
  }

  /// A link that cannot be read is told without its target.
  private func linkTarget(_ entry: ListedEntry, _ lane: SFTPLane) async throws(SSHError) -> [UInt8] {
    do {
      return try await lane.readLink(below(entry.name), deadline: context.call.deadline)
    } catch {
      guard error.scope == .request else { throw error }
      return []
    }
  }

  private func below(_ name: [UInt8]) throws(SSHError) -> RemotePath {
    guard !name.isEmpty else { return path }
    return try RemotePath(
      path.bytes.last == UInt8(ascii: "/") ? path.bytes + name : path.bytes + [UInt8(ascii: "/")] + name)
  }
}
