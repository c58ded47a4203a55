import AgentAPI
import FoundationEssentials
import Synchronization

/// One host of a `VirtualAgent`: files in memory, and how the host behaves. A value.
struct VirtualHost: Sendable {
  /// Where a listing stops before its end, beside the request's own limit.
  enum ListingStop: Sendable {
    case never, outOfTime, atItsBound
  }

  var listingStop = ListingStop.never
  var files: [String: Data] = [:]
  var times: [String: Int64] = [:]
  var labels: [String: String] = [:]
  /// Before each answer.
  var delay: Duration = .zero
  /// Accepts and never answers.
  var hangs = false
  /// Instead of each answer.
  var failure: AgentError?
  var breakage: Breakage?
  var p50: Double = 0
  /// Its state, but for p50.
  var reported = HostState()

  init(_ files: [String: String] = [:]) {
    self.files = files.mapValues { Data($0.utf8) }
  }
}

/// Breaks the link to the agent in the middle of one answer. Sendable: state behind a lock.
final class Breakage: Sendable {
  private let left: Mutex<Int>

  /// - Parameter messages: that many come through before it breaks, once.
  init(after messages: Int) { left = Mutex(messages) }

  var isOver: Bool { left.withLock { $0 < 0 } }

  func pass() throws {
    let breaks = left.withLock { left in
      left -= 1
      return left == -1
    }
    if breaks { throw AgentError(code: .lost, message: "the link broke", mayHaveRun: true, scope: .agent) }
  }
}

/// An agent in memory: the whole protocol over virtual hosts. Sendable: state behind a lock.
final class VirtualAgent: AgentService {
  struct State: Sendable {
    var names: [String] = []
    var hosts: [String: VirtualHost] = [:]
    var inFlight = 0
    var mostInFlight = 0
    var cancelled = 0
    var calls = 0
    /// Of reads.
    var importance: Set<CallImportance> = []
    /// No inventory before it.
    var silence: Duration = .zero
    var watchFailure: AgentError?
    var describeFailure: AgentError?
    var chunk = 1000
  }

  let segment: String
  let state = Mutex(State())

  init(segment: String = "local", hosts: [(String, VirtualHost)] = []) {
    self.segment = segment
    for (name, host) in hosts { add(name, host) }
  }

  func add(_ name: String, _ host: VirtualHost) {
    state.withLock { state in
      if state.hosts.updateValue(host, forKey: name) == nil { state.names.append(name) }
    }
  }

  func change(_ name: String, _ change: (inout VirtualHost) -> Void) {
    state.withLock { change(&$0.hosts[name, default: VirtualHost()]) }
  }

  // MARK: AgentService

  func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply {
    if let failure = state.withLock({ $0.describeFailure }) { throw failure }
    return inventory()
  }

  func watch(_ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>) async throws {
    let (silence, failure) = state.withLock { ($0.silence, $0.watchFailure) }
    if let failure { throw failure }
    try await Task.sleep(for: silence)
    var event = WatchEvent()
    event.inventory = inventory()
    try await sink(event)
    while true {
      try await Task.sleep(for: .milliseconds(200))
      event.heartbeat = Heartbeat()
      try await sink(event)
    }
  }

  func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings) {
    try await serve(request.host) { host in
      let path = String(decoding: request.path, as: UTF8.self)
      return (try Self.info(path, of: host), CallTimings())
    }
  }

  func read(
    _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
  ) async throws -> CallTimings {
    let chunkSize = state.withLock { state in
      state.importance.insert(context.importance)
      return state.chunk
    }
    return try await serve(request.host) { host in
      let path = String(decoding: request.path, as: UTF8.self)
      var info = try Self.info(path, of: host)
      let content = host.files[path] ?? Data()
      var part = content.dropFirst(Int(request.offset))
      switch request.lines {
      case .head(let lines): part = Self.lines(content).prefix(Int(lines)).reduce(Data(), +)
      case .tail(let lines): part = Self.lines(content).suffix(Int(lines)).reduce(Data(), +)
      case nil: break
      }
      let limit = request.limit == 0 ? Int.max : Int(request.limit)
      let isTail = if case .tail = request.lines { true } else { false }
      let sent = isTail ? part.suffix(limit) : part.prefix(limit)
      info.offset = isTail ? Int64(content.count - sent.count) : request.offset
      var rest = sent
      var chunk = ReadChunk()
      chunk.info = info
      repeat {
        chunk.data = Data(rest.prefix(chunkSize))
        rest = rest.dropFirst(chunkSize)
        if rest.isEmpty {
          chunk.truncated = sent.count < part.count
          if request.wantSha256 { chunk.sha256 = Data(repeating: 0xAB, count: 32) }
        }
        try host.breakage?.pass()
        try await sink(chunk)
        chunk = ReadChunk()
      } while !rest.isEmpty
      return CallTimings()
    }
  }

  func list(
    _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
  ) async throws -> CallTimings {
    try await serve(request.host) { host in
      let directory = String(decoding: request.path, as: UTF8.self)
      if host.files[directory] != nil {
        throw AgentError(code: .notADirectory, message: "\(directory) is a file: use read.")
      }
      let names = host.files.keys.filter { $0.hasPrefix(directory + "/") }.sorted()
      if names.isEmpty { throw AgentError(code: .notFound, message: "\(directory) does not exist on \(request.host).") }
      let wanted = names.dropFirst(Int(request.skip)).prefix(Int(request.limit))
      var batch = ListBatch()
      for name in wanted {
        var entry = Entry()
        entry.name = Data(name.dropFirst(directory.count + 1).utf8)
        entry.type = .regular
        entry.mode = 0o644
        entry.size = Int64(host.files[name]?.count ?? 0)
        entry.mtimeS = host.times[name] ?? 0
        batch.entries.append(entry)
        if batch.entries.count == 100 {
          try host.breakage?.pass()
          try await sink(batch)
          batch = ListBatch()
        }
      }
      batch.totalSeen = Int64(names.count)
      batch.truncated = Int(request.skip) + wanted.count < names.count || host.listingStop != .never
      batch.outOfTime = host.listingStop == .outOfTime
      try host.breakage?.pass()
      try await sink(batch)
      return CallTimings()
    }
  }

  /// `cat`, `echo`, `exit N`, `warn`; everything else is against the policy.
  func run(
    _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> CallTimings {
    guard ["cat", "echo", "exit", "warn"].contains(request.argv[0]), request.kind == .query else {
      throw AgentError(
        code: .refusedByPolicy, message: "Command '\(request.argv[0])' not allowed. Allowed commands: cat, echo")
    }
    return try await serve(request.host) { host in
      var event = RunEvent()
      event.accepted = RunAccepted()
      try await sink(event)
      var exit = RunExit()
      exit.durationMs = 3
      exit.code = 0
      switch request.argv[0] {
      case "cat":
        if let content = host.files[request.argv[1]] {
          event.stdout = Data(content.prefix(Int(request.maxOutputBytes)))
          exit.truncated = content.count > event.stdout.count
        } else {
          event.stderr = Data("cat: \(request.argv[1]): No such file or directory\n".utf8)
          exit.code = 1
        }
        try await sink(event)
      case "echo":
        event.stdout = Data((request.argv.dropFirst().joined(separator: " ") + "\n").utf8)
        try await sink(event)
      case "warn":
        event.stderr = Data("careful\n".utf8)
        try await sink(event)
      default: exit.code = Int32(request.argv[1]) ?? 0
      }
      event.exit = exit
      try host.breakage?.pass()
      try await sink(event)
      return CallTimings()
    }
  }

  // MARK: Parts

  private func inventory() -> DescribeReply {
    state.withLock { state in
      var reply = DescribeReply()
      reply.agentName = "virtual"
      reply.segment = segment
      reply.hosts = state.names.map { name in
        var info = HostInfo()
        info.alias = name
        info.hostName = "\(name).test"
        info.port = 22
        info.user = "ops"
        info.labels = state.hosts[name]?.labels ?? [:]
        info.state = state.hosts[name]?.reported ?? HostState()
        info.state.ageMs = -1
        info.state.p50Ms = state.hosts[name]?.p50 ?? 0
        return info
      }
      return reply
    }
  }

  private func serve<R: Sendable>(_ name: String, _ body: (VirtualHost) async throws -> R) async throws -> R {
    let host = state.withLock { state in
      state.calls += 1
      state.inFlight += 1
      state.mostInFlight = max(state.mostInFlight, state.inFlight)
      return state.hosts[name]
    }
    defer { state.withLock { $0.inFlight -= 1 } }
    guard let host else { throw AgentError(code: .unknownHost, message: "No host \(name).") }
    do {
      if host.hangs { try await Task.sleep(for: .seconds(3600)) }
      if host.delay > .zero { try await Task.sleep(for: host.delay) }
    } catch {
      state.withLock { $0.cancelled += 1 }
      throw AgentError(code: .cancelled, message: "cancelled")
    }
    if let failure = host.failure { throw failure }
    return try await body(host)
  }

  private static func info(_ path: String, of host: VirtualHost) throws -> FileInfo {
    guard let content = host.files[path] else {
      if host.files.keys.contains(where: { $0.hasPrefix(path + "/") }) {
        throw AgentError(code: .notAFile, message: "\(path) is a directory: use list.")
      }
      throw AgentError(code: .notFound, message: "No such file: \(path).")
    }
    var info = FileInfo()
    info.size = Int64(content.count)
    info.type = .regular
    info.mode = 0o644
    info.mtimeS = host.times[path] ?? 0
    return info
  }

  private static func lines(_ content: Data) -> [Data] {
    var lines: [Data] = []
    var rest = content
    while !rest.isEmpty {
      let end = rest.firstIndex(of: 10).map { $0 + 1 } ?? rest.endIndex
      lines.append(rest[rest.startIndex..<end])
      rest = rest[end...]
    }
    return lines
  }
}
