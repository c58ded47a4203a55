package import AgentAPI
package import MCP

/// Typed answers as `structuredContent`, member by member as the output schemas say.
package enum AnswerJSON {
  package static func of<Body: Sendable>(_ answer: Answer<Body>, _ body: (Body) -> JSONObject) -> JSON {
    let messages = FairShare.divide(failureBudget, among: answer.failures.map(\.message.utf8.count))
    return [
      "groups": .array(
        answer.groups.map { group in
          var members = body(group.body)
          members["hosts"] = .array(group.hosts.map { .string($0) })
          if let path = group.path { members["path"] = .string(path) }
          return .object(members)
        }),
      "failures": .array(zip(answer.failures, messages).map { of($0, messageLimit: max(64, $1)) }),
      "summary": [
        "asked": .int(Int64(answer.summary.asked)), "ok": .int(Int64(answer.summary.ok)),
        "failed": .int(Int64(answer.summary.failed)),
      ],
    ]
  }

  /// Bytes of all messages of an answer; beyond it the longest are shortened.
  static let failureBudget = 65_536

  private static func of(_ failure: HostFailure, messageLimit: Int) -> JSON {
    var members: JSONObject = [
      "host": .string(failure.host), "code": .string(failure.code.rawValue),
      "message": .string(ReadableText.shortened(failure.message, limit: messageLimit)),
    ]
    if let path = failure.path { members["path"] = .string(path) }
    if let phase = failure.phase { members["phase"] = .string(phase) }
    if let elapsed = failure.elapsedMS { members["elapsed_ms"] = .int(Int64(elapsed)) }
    if let usual = failure.usualMS { members["usual_ms"] = .double(tenths(usual)) }
    return .object(members)
  }

  package static func members(_ file: FileContent) -> JSONObject {
    var members: JSONObject = [
      "content": .string(file.content), "encoding": .string(file.encoding.rawValue), "size": .int(file.size),
      "offset": .int(file.offset), "truncated": .bool(file.truncated),
    ]
    set(file.modified, in: &members)
    if let next = file.nextOffset { members["next_offset"] = .int(next) }
    if let digest = file.sha256 { members["sha256"] = .string(digest) }
    if let note = file.note { members["note"] = .string(note) }
    return members
  }

  package static func members(_ listing: Listing) -> JSONObject {
    var members: JSONObject = [
      "entries": .array(
        listing.entries.map { entry in
          var members: JSONObject = [
            "name": .string(entry.name), "type": .string(entry.type), "size": .int(entry.size),
            "mode": .string(entry.mode),
          ]
          set(entry.modified, in: &members)
          if let name = entry.exactName { members["name_base64"] = .string(name) }
          if let target = entry.linkTarget { members["link_target"] = .string(target) }
          if let target = entry.exactLinkTarget { members["link_target_base64"] = .string(target) }
          if let error = entry.error { members["error"] = .string(error) }
          return .object(members)
        }),
      "truncated": .bool(listing.truncated), "total": .int(listing.total),
    ]
    if let note = listing.note { members["note"] = .string(note) }
    return members
  }

  package static func members(_ result: CommandResult) -> JSONObject {
    var members: JSONObject = [
      "stdout": .string(result.stdout), "stderr": .string(result.stderr), "encoding": .string(result.encoding.rawValue),
      "truncated": .bool(result.truncated), "duration_ms": .int(result.durationMS),
    ]
    if let code = result.exitCode { members["exit_code"] = .int(Int64(code)) }
    if let signal = result.signal { members["signal"] = .string(signal) }
    if let note = result.note { members["note"] = .string(note) }
    return members
  }

  package static func of(_ answer: HostsAnswer) -> JSON {
    var members: JSONObject = [
      "hosts": .array(answer.hosts.map { of($0) }), "agents": .array(answer.agents.map { of($0) }),
      "summary": ["matched": .int(Int64(answer.matched)), "shown": .int(Int64(answer.hosts.count))],
    ]
    if let note = answer.note { members["note"] = .string(note) }
    return .object(members)
  }

  private static func of(_ host: DirectoryReport.Host) -> JSON {
    var members: JSONObject = [
      "host": .string(host.host.name), "segment": .string(host.host.id.segment), "address": .string(host.address),
      "status": .string(host.status.word), "agents": .array(host.agents.map { .string($0) }),
    ]
    if !host.host.labels.isEmpty {
      members["labels"] = .object(JSONObject(host.host.labels.map { ($0.key, .string($0.value)) }))
    }
    if let age = host.ageMS { members["age_ms"] = .int(age) }
    if let p50 = host.p50MS { members["p50_ms"] = .double(tenths(p50)) }
    if let p95 = host.p95MS { members["p95_ms"] = .double(tenths(p95)) }
    if !host.phases.isEmpty {
      let phases = host.phases.map {
        ($0.phase.word, ["p50_ms": .double(tenths($0.p50Ms)), "p95_ms": .double(tenths($0.p95Ms))] as JSON)
      }
      members["phases"] = .object(JSONObject(phases))
    }
    if let retry = host.retryInMS {
      members["breaker"] = .string(host.breaker.word)
      members["retry_in_ms"] = .int(retry)
    }
    if let code = host.lastErrorCode { members["last_error"] = .string(code) }
    if let message = host.lastErrorMessage {
      members["last_error_message"] = .string(ReadableText.shortened(message, limit: 300))
    }
    return .object(members)
  }

  private static func of(_ agent: DirectoryReport.Agent) -> JSON {
    var members: JSONObject = [
      "name": .string(agent.name), "segment": .string(agent.segment), "healthy": .bool(agent.isHealthy),
      "hosts": .int(Int64(agent.hosts)),
    ]
    if let heard = agent.heardAgoMS { members["heard_ms_ago"] = .int(Int64(heard)) }
    if let failure = agent.failure { members["failure"] = .string(ReadableText.shortened(failure, limit: 300)) }
    return .object(members)
  }

  /// The newest of the group's times; the oldest, too, where they differ.
  private static func set(_ time: SharedTime, in members: inout JSONObject) {
    members["modified"] = .string(time.newestText)
    if !time.isOne { members["modified_oldest"] = .string(time.oldestText) }
  }

  private static func tenths(_ milliseconds: Double) -> Double { (milliseconds * 10).rounded() / 10 }
}

extension Phase {
  /// As answers call it.
  var word: String {
    switch self {
    case .queue: "queue"
    case .tcp: "tcp"
    case .keyExchange: "key_exchange"
    case .authentication: "authentication"
    case .unknown, .UNRECOGNIZED: "unknown"
    }
  }
}

extension Breaker {
  /// As answers call it.
  var word: String {
    switch self {
    case .failing: "failing"
    case .open: "open"
    case .closed, .UNRECOGNIZED: "closed"
    }
  }
}

extension HostStatus {
  /// As answers call it.
  package var word: String {
    switch self {
    case .online: "online"
    case .offline: "offline"
    case .error: "error"
    case .unknown, .UNRECOGNIZED: "unknown"
    }
  }
}
