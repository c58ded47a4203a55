package import AgentAPI
package import FoundationEssentials
import Routing
import Synchronization

/// Which part of which files is wanted. A value.
package struct ReadRequestOptions: Sendable, Hashable {
  package enum Part: Sendable, Hashable {
    /// From this byte on.
    case bytes(offset: Int64)
    /// The first so many lines.
    case head(UInt32)
    /// The last so many lines.
    case tail(UInt32)
  }

  package enum Encoding: String, Sendable, CaseIterable {
    /// Text when it is UTF-8, base64 otherwise.
    case auto
    /// Text in any case; bytes that are not UTF-8 stand as U+FFFD.
    case text
    case base64
  }

  package var part: Part = .bytes(offset: 0)
  /// Bytes of each file, at most; nil: what an answer holds.
  package var limit: Int?
  package var encoding: Encoding = .auto
  package var sha256 = false

  package init() {}
}

/// What came of one host's file. A value.
struct ReadPart: CollectedPart {
  var cursor = ContentTrie.Cursor()
  var info = FileInfo()
  var truncated = false
  var sha256 = Data()
  /// We stopped it: the call's memory is full.
  var isCut = false
}

extension Collector<ReadPart> {
  func take(_ chunk: ReadChunk, from index: Int, isFirst: Bool) throws(CollectorFull) {
    let isFull = take(from: index, isFirst: isFirst) { part, trie in
      if chunk.hasInfo { part.info = chunk.info }
      if chunk.truncated { part.truncated = true }
      if !chunk.sha256.isEmpty { part.sha256 = chunk.sha256 }
      guard !chunk.data.isEmpty else { return false }
      part.isCut = trie.append(chunk.data, at: &part.cursor) < chunk.data.count
      return part.isCut
    }
    if isFull { throw CollectorFull() }
  }
}

extension CoordinatorCore {
  /// Reads files, side by side, and folds equal ones. The parts of `Answer` are bounded as `settings` say.
  package func read(
    _ targets: [Target], _ wanted: ReadRequestOptions, _ options: CallOptions
  ) async throws(TargetError) -> Answer<FileContent> {
    let start = ContinuousClock.now
    let limit = min(wanted.limit ?? settings.answerLimit, settings.fileLimit)
    let collector = Collector<ReadPart>(capacity: settings.memoryLimit)
    let asked = try await ask(targets, .read, options, start: start, prepare: { collector.expect($0.asks.count) }) {
      call in
      do {
        return try await call.service.read(Self.request(call, wanted, limit: limit), call.context) { chunk in
          try call.attempt.take { try collector.take(chunk, from: call.index, isFirst: $0) }
        }
      } catch is CollectorFull {
        // An answer, cut.
        return CallTimings()
      }
    }
    let state = collector.finish()
    // Base64 is a third longer than its bytes.
    let budget = max(settings.answerLimit, wanted.limit == nil ? 0 : (limit + 2) / 3 * 4)
    return ReadFold(asked: asked, state: state, wanted: wanted, limit: limit).answer(budget: budget)
  }

  /// Sends one file's bytes to `sink` as they come: memory stays flat whatever the size. For `scout read --raw`.
  ///
  /// The deadline is `options.timeout`, without upper bound here: a large file may take long.
  /// - Returns: what the file is.
  package func stream(
    _ target: Target, _ wanted: ReadRequestOptions, _ options: CallOptions,
    to sink: @escaping @Sendable (Data) async throws -> Void
  ) async throws -> FileInfo {
    let start = ContinuousClock.now
    let timeout = options.timeout ?? .seconds(86_400)
    let roster = await directory.roster(until: start + timeout) { roster in
      if case .success = roster.select(target.hosts) { true } else { false }
    }
    let asks = try Asks([target], roster: roster, hostLimit: settings.hostLimit)
    if let failure = asks.failures.first { throw failure }
    guard asks.asks.count == 1 else {
      throw TargetError(
        "'\(target.hosts.text)' means \(asks.asks.count) hosts, and raw output is of one file: name one host")
    }
    let host = asks.host(0)
    let context = CallContext(deadline: start + timeout, requestID: options.requestID, principal: options.principal)
    let call = HostCall(
      index: 0, count: 1, alias: host.id.alias, path: target.path,
      attempt: HostAttempt(service: directory.link(for: host).service, context: context))
    let info = Mutex(FileInfo())
    do {
      _ = try await call.service.read(Self.request(call, wanted, limit: wanted.limit ?? 0), context) { chunk in
        if chunk.hasInfo { info.withLock { $0 = chunk.info } }
        if !chunk.data.isEmpty { try await sink(chunk.data) }
      }
    } catch let error as AgentError {
      throw HostFailure(
        host: host.name, path: target.path?.text, error, usualMS: directory.usualMS(host, phase: error.phase))
    }
    return info.withLock { $0 }
  }

  private static func request(_ call: HostCall, _ wanted: ReadRequestOptions, limit: Int) -> ReadRequest {
    var request = ReadRequest()
    request.host = call.alias
    request.path = Data((call.path?.text ?? "").utf8)
    request.limit = Int64(limit)
    request.wantSha256 = wanted.sha256
    switch wanted.part {
    case .bytes(let offset): request.offset = offset
    case .head(let lines): request.head = lines
    case .tail(let lines): request.tail = lines
    }
    return request
  }
}
