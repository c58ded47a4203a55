/// A value: the line with which an agent begins a tunnel. Its form: Protocol/README.md, Tunnels.
struct TunnelHello: Sendable, Hashable {
  /// What this build speaks.
  static let version = 1
  private static let word = "scout-agent"
  private static let priorityWord = "priority="
  /// As `--agent ...#N` knows them: 0 is asked first.
  static let priorities = 0...3

  var version = Self.version
  /// Believed on plaintext only.
  var identity: AgentIdentity
  /// What the agent asks for: it can only stand behind others of its segment.
  var priority = 0

  init(identity: AgentIdentity, priority: Int = 0) {
    self.identity = identity
    self.priority = priority
  }

  /// Nil where the line is not such a hello. Of the words behind the fourth the priority is known; the others are left for later
  /// versions.
  init?(line: String) {
    let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
    guard words.count >= 4, words[0] == Self.word, let version = Int(words[1]), version > 0,
      let identity = AgentIdentity(segment: String(words[2]), name: String(words[3]))
    else { return nil }
    self.version = version
    self.identity = identity
    let more = words.count > 4 ? words[4].split(separator: " ") : []
    let said = more.first { $0.hasPrefix(Self.priorityWord) }.flatMap {
      Int($0.dropFirst(Self.priorityWord.utf8.count))
    }
    if let said, Self.priorities.contains(said) { priority = said }
  }

  /// An agent that is asked first says no more than agents always did.
  var line: String {
    "\(Self.word) \(version) \(identity.segment) \(identity.name)"
      + (priority == 0 ? "" : " \(Self.priorityWord)\(priority)")
  }
}

/// A value: the line with which a coordinator answers a hello.
enum TunnelAnswer: Sendable, Hashable {
  case welcome
  case refused(String)

  private static let word = "scout-coordinator"

  /// Nil where the line is no such answer.
  init?(line: String) {
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count >= 2, words[0] == Self.word else { return nil }
    switch words[1] {
    case "welcome": self = .welcome
    case "refused": self = .refused(words.count > 2 ? String(words[2].prefix(300)) : "it does not say why")
    default: return nil
    }
  }

  var line: String {
    switch self {
    case .welcome: "\(Self.word) welcome"
    case .refused(let reason): "\(Self.word) refused \(reason)"
    }
  }
}
