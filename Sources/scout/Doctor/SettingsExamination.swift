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
    "SCOUT_TEST_", "SCOUT_DEMO_", "SCOUT_BENCH_", "SCOUT_BINARY", "SCOUT_CERT_DAYS", "SCOUT_UID", "SCOUT_GID",
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
    let known = Setting.all.map(\.variable)
    for name in environment.keys.sorted()
    where name.hasPrefix("SCOUT_") && !known.contains(name) && !Self.others.contains(name)
      && !Self.scripts.contains(where: name.hasPrefix)
    {
      let near = NearestNames.of(name, in: known, count: 1).first.map { "; did you mean \($0)?" } ?? ""
      findings.append(Finding(.fault, "settings", "\(name) is set, and there is no such setting\(near)"))
    }
    if findings.isEmpty { findings.append(Finding(.good, "settings", "all \(Setting.all.count) can be used")) }
    return findings
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
