import AgentAPI
import SSH

/// The entries of a directory or of the tree below it, over SFTP: no program runs on the host. A value.
///
/// The first batch is empty and goes out as soon as the directory is open: a tree may take longer than an agent's silence is borne.
/// Symbolic links below the path are told, not followed, so a tree ends. Memory is bounded by
/// `AgentSettings.maxEntries` and `nameBytes`; what is beyond is not looked at, and the answer says so. Where the time runs
/// out, what was found by then is the answer, which says so, too: directories that were not read to their end are marked with
/// `timeout`, links may lack their targets.
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
      let end = context.lookingDeadline(from: .now)
      var found = try await walk(lane, until: end) { try await sink(ListBatch()) }
      found.entries.sort(by: ListOrder(sort).precedes)
      let chosen = found.entries.dropFirst(skip).prefix(limit)
      let isCut = found.stoppedEarly || skip + chosen.count < found.entries.count

      var batch = ListBatch()
      var bytes = 0
      var isOutOfTime = found.isOutOfTime
      for entry in chosen {
        var message = Entry(entry)
        if entry.attributes.kind == .symlink {
          if !isOutOfTime, .now < end, let target = try await linkTarget(entry, lane, until: end) {
            message.linkTarget = .init(target.prefix(RemotePath.limit))
          } else {
            isOutOfTime = true
          }
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
      batch.outOfTime = isOutOfTime
      try await sink(batch)
    }
    return timings
  }

  private struct Finding {
    var entries: [ListedEntry] = []
    var nameBytes = 0
    var stoppedEarly = false
    var isOutOfTime = false
  }

  /// A directory to be read: where it lies below the path, and its own place among the entries; none for the path itself.
  private struct Directory {
    var name: [UInt8] = []
    var index: Int?
  }

  /// Level by level, so that what is left out when a bound is reached is what lies deepest.
  ///
  /// - Parameter opened: called once, when the directory itself is open.
  private func walk(
    _ lane: SFTPLane, until end: ContinuousClock.Instant, opened: () async throws -> Void
  ) async throws -> Finding {
    var finding = Finding()
    var level = [Directory()]
    for depth in 1...depth where !level.isEmpty {
      var below: [Directory] = []
      for position in level.indices {
        let firstEntry = finding.entries.count
        let isInTime = try await read(
          level[position], depth: depth, lane, until: end, opened: depth == 1 ? opened : {}, into: &finding)
        if depth < self.depth {
          for index in firstEntry..<finding.entries.count where finding.entries[index].attributes.kind == .directory {
            below.append(Directory(name: finding.entries[index].name, index: index))
          }
        }
        if !isInTime {
          finding.stoppedEarly = true
          finding.isOutOfTime = true
          for unread in level[position...] + below {
            if let index = unread.index { finding.entries[index].failure = .timeout }
          }
        }
        guard !finding.stoppedEarly else { return finding }
      }
      level = below
    }
    return finding
  }

  /// Returns whether there was time enough. What else keeps a directory below the path from being read is its own misfortune
  /// and not the answer's, since the directory above was readable.
  private func read(
    _ directory: Directory, depth: UInt32, _ lane: SFTPLane, until end: ContinuousClock.Instant,
    opened: () async throws -> Void, into finding: inout Finding
  ) async throws -> Bool {
    guard directory.index == nil || .now < end else { return false }
    do {
      return try await readEntries(directory, depth: depth, lane, until: end, opened: opened, into: &finding)
    } catch let error as SSHError where error.code == .timeout && !finding.entries.isEmpty {
      // The lane may be closed, and what was found is still worth telling: a dead mount somewhere in a tree, for example.
      return false
    } catch let error as SSHError where error.scope == .request {
      guard let index = directory.index else { throw error }
      finding.entries[index].failure = error.failureCode
      return true
    }
  }

  private func readEntries(
    _ directory: Directory, depth: UInt32, _ lane: SFTPLane, until end: ContinuousClock.Instant,
    opened: () async throws -> Void, into finding: inout Finding
  ) async throws -> Bool {
    let name = directory.name
    // All the time there is for the first entries: without any there is no answer.
    func deadline() -> ContinuousClock.Instant { finding.entries.isEmpty ? context.call.deadline : end }
    let reader = try await lane.openDirectory(below(name), deadline: deadline())
    defer { reader.close() }
    try await opened()
    while let batch = try await reader.next(deadline: deadline()) {
      for entry in batch where includesHidden || entry.name.first != UInt8(ascii: ".") {
        guard finding.entries.count < context.settings.maxEntries, finding.nameBytes < Self.nameBytes else {
          finding.stoppedEarly = true
          return true
        }
        let path = name.isEmpty ? entry.name : name + [UInt8(ascii: "/")] + entry.name
        finding.nameBytes += path.count
        finding.entries.append(ListedEntry(name: path, depth: depth, attributes: entry.attributes))
      }
      guard .now < end else { return false }
    }
    return true
  }

  /// Empty for a link that cannot be read, nil where the time ran out.
  private func linkTarget(
    _ entry: ListedEntry, _ lane: SFTPLane, until end: ContinuousClock.Instant
  ) async throws(SSHError) -> [UInt8]? {
    do {
      return try await lane.readLink(below(entry.name), deadline: end)
    } catch  where error.code == .timeout {
      return nil
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
