/// A value: the line with which an agent begins a tunnel. Its form: Protocol/README.md, Tunnels.
struct TunnelHello: Sendable, Hashable {
  /// What this build speaks.
  static let version = 1
  private static let word = "scout-agent"

  var version = Self.version
  /// Believed on plaintext only.
  var identity: AgentIdentity

  init(identity: AgentIdentity) {
    self.identity = identity
  }

  /// Nil where the line is not such a hello. Words behind the fourth are left for later versions.
  init?(line: String) {
    let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
    guard words.count >= 4, words[0] == Self.word, let version = Int(words[1]), version > 0,
      let identity = AgentIdentity(segment: String(words[2]), name: String(words[3]))
    else { return nil }
    self.version = version
    self.identity = identity
  }

  var line: String { "\(Self.word) \(version) \(identity.segment) \(identity.name)" }
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
