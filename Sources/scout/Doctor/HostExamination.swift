import Agent
import Logging
import SSH
import SSHConfig

/// Looks at the hosts of the ssh_config without connecting to them: settings, keys, known_hosts.
///
/// What is said of many hosts alike is said once, with their number and the first names.
struct HostExamination {
  let settings: AgentSettings
  let credentials: SSHCredentials
  let logger: Logger

  private static let namesShown = 6
  /// Hosts that are looked at at once.
  private static let width = 64

  func findings() async -> [Finding] {
    let config: SSHConfig
    do {
      config = try SSHConfig.load(path: settings.configPath)
    } catch {
      return [Finding(.fault, "ssh_config", "\(error)")]
    }
    let aliases = settings.served(config.aliases)
    guard !aliases.isEmpty else {
      return [
        Finding(
          .fault, "ssh_config",
          config.aliases.isEmpty
            ? "it names no host: add `Host NAME` entries to \(settings.configPath ?? "~/.ssh/config")"
            : "the allow-list and block-list leave none of its \(config.aliases.count) hosts")
      ]
    }
    var seen = Gathered()
    for (alias, review) in zip(aliases, await reviews(of: aliases, config)) {
      switch review {
      case .success(let (host, review)): seen.add(review, of: host)
      case .failure(let error): seen.add(.fault, "\(error)", of: alias)
      }
    }
    let sound = aliases.count - seen.faulty.count
    return [Finding(.good, "ssh_config", "\(aliases.count) hosts, \(sound) of them ready to be connected to")]
      + seen.findings(namesShown: Self.namesShown)
  }

  private typealias Review = Result<(ResolvedHost, HostReview), any Error>

  /// Hosts side by side, since an ssh-agent that is silent is waited for.
  private func reviews(of aliases: [String], _ config: SSHConfig) async -> [Review] {
    await withTaskGroup(of: (Int, Review).self) { group in
      var reviews = [Review](repeating: .failure(CancellationError()), count: aliases.count)
      var next = 0
      func start() {
        guard next < aliases.count else { return }
        let index = next
        next += 1
        group.addTask { (index, await review(aliases[index], config)) }
      }
      for _ in 0..<Self.width { start() }
      for await (index, review) in group {
        reviews[index] = review
        if !Task.isCancelled { start() }
      }
      return reviews
    }
  }

  private func review(_ alias: String, _ config: SSHConfig) async -> Review {
    do {
      let host = settings.overriding(try config.resolve(alias))
      return .success((host, try await HostReview.of(host, credentials: credentials, logger: logger)))
    } catch {
      return .failure(error)
    }
  }

  /// What was said, and of which hosts, in the order in which it came up.
  private struct Gathered {
    private struct Statement: Hashable {
      var level: Finding.Level
      var message: String
    }

    private var order: [Statement] = []
    private var hosts: [Statement: [String]] = [:]
    private(set) var faulty: Set<String> = []

    mutating func add(_ level: Finding.Level, _ message: String, of alias: String) {
      let statement = Statement(level: level, message: message)
      if hosts[statement] == nil { order.append(statement) }
      hosts[statement, default: []].append(alias)
      if level == .fault { faulty.insert(alias) }
    }

    mutating func add(_ review: HostReview, of host: ResolvedHost) {
      if let unsupported = review.unsupported { return add(.fault, unsupported, of: host.alias) }
      for remark in review.remarks { add(.notice, remark, of: host.alias) }
      if !review.hasCredentials {
        add(
          .fault,
          "there is no key to show: name one with IdentityFile, add one to ssh-agent, or set SCOUT_SSH_PASSWORD",
          of: host.alias)
      }
      if review.lacksHostKey {
        let file = host.userKnownHostsFiles.first ?? "known_hosts"
        add(
          .fault,
          "no known_hosts file has its key, so it is refused: connect once with ssh and compare the fingerprint; its key "
            + "then goes into \(file)", of: host.alias)
      }
      if review.skippedLines > 0 {
        let file = (host.userKnownHostsFiles + host.globalKnownHostsFiles).joined(separator: ", ")
        add(.notice, "\(review.skippedLines) lines of \(file) are passed over", of: host.alias)
      }
    }

    func findings(namesShown: Int) -> [Finding] {
      order.map { statement in
        let names = hosts[statement] ?? []
        let rest = names.count - namesShown
        let shown = names.prefix(namesShown).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
        return Finding(statement.level, names.count == 1 ? "host \(shown)" : "hosts \(shown)", statement.message)
      }
    }
  }
}
