import AgentAPI

/// Typed answers for a reader: the same facts as `AnswerJSON`. Control characters of remote bytes are escaped.
package enum AnswerText {
  package static func of<Body: Sendable>(
    _ answer: Answer<Body>, heading: (Body) -> String, content: (Body) -> String
  ) -> String {
    var out = ""
    let summary = answer.summary
    if summary.asked > 1 {
      out += "\(summary.ok) of \(summary.asked) answered"
      if answer.groups.count > 1 || summary.ok > 1 {
        out += answer.groups.count == 1 ? ", all the same" : ", \(answer.groups.count) different answers"
      }
      out += ".\n\n"
    }
    for group in answer.groups {
      let hosts = ReadableText.escaped(group.hosts.joined(separator: ", "))
      let count = group.hosts.count > 1 ? " [\(group.hosts.count) hosts]" : ""
      let path = group.path.map { ":" + ReadableText.escaped($0) } ?? ""
      out += "== \(hosts)\(path)\(count) (\(heading(group.body)))\n"
      let text = content(group.body)
      out += text
      if !text.isEmpty, text.utf8.last != UInt8(ascii: "\n") { out += "\n" }
    }
    if !answer.failures.isEmpty {
      if !answer.groups.isEmpty { out += "\n" }
      out += failures(answer.failures)
    }
    if out.utf8.last == UInt8(ascii: "\n") { out.removeLast() }
    return out
  }

  /// Equal failures are told once; every host is named.
  package static func failures(_ failures: [HostFailure]) -> String {
    struct Key: Hashable {
      var code: String
      var message: String
      var phase: String?
      var path: String?
    }
    let keys = failures.map { failure in
      // A message that names its host is the same as another's that names its own.
      let message = failures.count > 1 ? anonymous(told(failure), failure.host) : told(failure)
      return Key(code: failure.code.rawValue, message: message, phase: failure.phase, path: failure.path)
    }
    let groups = Fold.groups(keys)
    let messages = groups.map { $0.count > 1 ? keys[$0[0]].message : told(failures[$0[0]]) }
    let limits = FairShare.divide(AnswerJSON.failureBudget, among: messages.map(\.utf8.count))
    return groups.indices.map { index in
      let members = groups[index]
      let first = failures[members[0]]
      let message = ReadableText.shortened(messages[index], limit: max(64, limits[index]))
      var facts = [first.code.rawValue]
      if let phase = first.phase { facts.append("in \(phase)") }
      if let elapsed = members.compactMap({ failures[$0].elapsedMS }).max() {
        facts.append(members.count > 1 ? "after up to \(elapsed) ms" : "after \(elapsed) ms")
      }
      if let usual = members.compactMap({ failures[$0].usualMS }).max() {
        facts.append("usually \((usual * 10).rounded() / 10) ms")
      }
      let hosts = ReadableText.escaped(members.map { failures[$0].host }.joined(separator: ", "))
      let path = first.path.map { ":" + ReadableText.escaped($0) } ?? ""
      return "!! \(hosts)\(path): \(ReadableText.escaped(message)) [\(facts.joined(separator: ", "))]\n"
    }.joined()
  }

  /// The message without the host's name before it, which the line begins with.
  private static func told(_ failure: HostFailure) -> String {
    let name = alias(failure.host) + ": "
    return failure.message.hasPrefix(name) ? String(failure.message.dropFirst(name.count)) : failure.message
  }

  private static func anonymous(_ message: String, _ host: String) -> String {
    let alias = alias(host)
    return alias.utf8.count > 1 ? message.replacing(alias, with: "HOST") : message
  }

  /// As the host's agent knows it.
  private static func alias(_ host: String) -> String { host.split(separator: "/").last.map(String.init) ?? host }

  package static func heading(_ file: FileContent) -> String {
    "\(file.size) bytes, modified \(time(file.modified))"
      + (file.encoding == .base64 ? ", base64" : "") + (file.sha256.map { ", sha256 \($0)" } ?? "")
  }

  package static func content(_ file: FileContent) -> String {
    with(file.note, after: ReadableText.block(file.content))
  }

  package static func heading(_ listing: Listing) -> String {
    listing.truncated ? "\(listing.entries.count) of \(listing.total) entries" : "\(listing.entries.count) entries"
  }

  package static func content(_ listing: Listing) -> String {
    let sizes = listing.entries.map { String($0.size) }
    let width = sizes.reduce(0) { max($0, $1.utf8.count) }
    var out = ""
    for (entry, size) in zip(listing.entries, sizes) {
      out += letter(entry.type) + entry.mode + " " + String(repeating: " ", count: width - size.utf8.count) + size
      out += " " + entry.modified.newestText + (entry.modified.isOne ? "  " : "~ ")
      out += ReadableText.escaped(entry.name)
      if let target = entry.linkTarget { out += " -> " + ReadableText.escaped(target) }
      if let error = entry.error { out += "  [\(error)]" }
      out += "\n"
    }
    return with(listing.note, after: out)
  }

  package static func heading(_ result: CommandResult) -> String {
    let end = result.signal.map { "signal \($0)" } ?? result.exitCode.map { "exit code \($0)" } ?? "no exit code"
    return "\(end), \(result.durationMS) ms" + (result.encoding == .base64 ? ", base64" : "")
  }

  package static func content(_ result: CommandResult) -> String {
    var out = ReadableText.block(result.stdout)
    if !result.stderr.isEmpty {
      if !out.isEmpty, out.utf8.last != UInt8(ascii: "\n") { out += "\n" }
      out += "[stderr]\n" + ReadableText.block(result.stderr)
    }
    if out.isEmpty { out = "(no output)" }
    return with(result.note, after: out)
  }

  private static func with(_ note: String?, after text: String) -> String {
    guard let note else { return text }
    let separator = text.isEmpty || text.utf8.last == UInt8(ascii: "\n") ? "" : "\n"
    return text + separator + "[" + note + "]\n"
  }

  private static func time(_ time: SharedTime) -> String {
    time.isOne ? time.newestText : "\(time.oldestText) to \(time.newestText)"
  }

  /// As ls(1) marks them.
  private static func letter(_ type: String) -> String {
    switch type {
    case "file": "-"
    case "directory": "d"
    case "symlink": "l"
    case "block_device": "b"
    case "character_device": "c"
    case "fifo": "p"
    case "socket": "s"
    default: "?"
    }
  }
}
