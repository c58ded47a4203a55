import Coordinator
import Logging

/// Looks at the settings: whether each can be used, and whether a variable of the environment is one.
struct SettingsExamination {
  let settings: SettingsReader
  let environment: [String: String]

  /// Variables that are read elsewhere than by the table of settings.
  private static let others: Set<String> = [
    "SCOUT_CONFIG", "SCOUT_API_KEY", "SCOUT_ENABLE_UI", "SCOUT_JOIN_TOKEN",
  ]
  /// Of the scripts that build, demonstrate, deploy and test Scout.
  private static let scripts = [
    "SCOUT_TEST_", "SCOUT_CHECK_", "SCOUT_BUILD_", "SCOUT_JUDGE_", "SCOUT_BINARY", "SCOUT_CERT_DAYS", "SCOUT_UID",
    "SCOUT_GID",
  ]

  func findings() -> [Finding] {
    var findings: [Finding] = []
    for setting in Setting.all {
      do throws(SettingsError) { try check(setting) } catch {
        findings.append(Finding(.fault, "settings", error.description))
      }
    }
    // Those that are taken together; what is said of one by itself is not said again.
    for fault in Self.combined.compactMap({ fault(in: $0) }) where !findings.contains(fault) { findings.append(fault) }
    findings += Self.unknown(in: environment).map { Finding(.fault, "settings", $0) }
    if findings.isEmpty { findings.append(Finding(.good, "settings", "all \(Setting.all.count) can be used")) }
    return findings
  }

  /// A line for each variable that looks like a setting and is none.
  static func unknown(in environment: [String: String]) -> [String] {
    let known = Setting.all.map(\.variable)
    return environment.keys.sorted().filter { name in
      name.hasPrefix("SCOUT_") && !known.contains(name) && !others.contains(name)
        && !scripts.contains(where: name.hasPrefix)
    }.map { name in
      let near = NearestNames.of(name, in: known, count: 1).first.map { "; did you mean \($0)?" } ?? ""
      return "\(name) is set, and there is no such setting\(near)"
    }
  }

  /// At a start: what was misspelt would have no effect, and nobody would know.
  static func warn(of environment: [String: String], _ logger: Logger) {
    for line in unknown(in: environment) { logger.warning("a setting is unknown", metadata: ["reason": .string(line)]) }
  }

  /// What each start reads of them before it opens anything.
  private static let combined: [@Sendable (SettingsReader) throws -> Void] = [
    { try FrontDoorSettings($0).validate() },
    { try $0.checkAddress(.agentListen) }, { try $0.checkAddress(.enrollListen) },
    { try $0.checkAddress(.listen) }, { try $0.checkAddress(.healthListen) },
    { for agent in $0.list(.agents) { _ = try AgentLinks.split(agent) } },
    { _ = try $0.agentSettings(name: "doctor") },
    { _ = try $0.mutualTLS(.agentCA, .agentCert, .agentKey) },
    {
      _ = try SharedAgents.registry(
        $0, logger: Logger(label: "scout.doctor", factory: { _ in SwiftLogNoOpLogHandler() }))
    },
  ]

  private func fault(in part: (SettingsReader) throws -> Void) -> Finding? {
    do {
      try part(settings)
      return nil
    } catch {
      return Finding(.fault, "settings", "\(error)")
    }
  }

  private func check(_ setting: Setting) throws(SettingsError) {
    switch setting.kind {
    case .integer: _ = try settings.integer(setting)
    case .choice: _ = try settings.choice(setting)
    case .flag: _ = try settings.flag(setting)
    case .text, .list: break
    }
  }
}
