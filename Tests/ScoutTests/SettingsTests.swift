import Foundation
import Testing

@testable import scout

/// Settings: where they come from, what stops the start, and that the README tells all of them.
@Suite struct SettingsTests {
  private func reader(flags: [String: [String]] = [:], _ environment: [String: String] = [:]) async throws
    -> SettingsReader
  {
    try await SettingsReader(flags: flags, environment: environment, file: nil)
  }

  @Test func theReadmeListsEachSetting() throws {
    let readme = try String(contentsOfFile: "README.md", encoding: .utf8)
    for setting in Setting.all where !readme.contains(setting.row) { Issue.record("README.md lacks: \(setting.row)") }
  }

  @Test func eachSettingThatIsNoSecretHasItsFlag() async throws {
    let pages = [
      try await ScoutProcess.run(["coordinator", "--help"]), try await ScoutProcess.run(["agent", "--help"]),
    ]
    let help = pages.map(\.output).joined()
    // Lines are wrapped.
    let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for setting in Setting.all where setting.isSecret {
      #expect(words.contains(setting.help), "\(setting.variable)")
    }
    for setting in Setting.all where !setting.isSecret {
      #expect(help.contains("\(setting.flag) ") || help.contains("\(setting.flag)/"), "\(setting.flag) is no flag")
      #expect(help.contains("[\(setting.variable)]"))
    }
  }

  @Test(arguments: [
    (Setting.logLevel, "INFO", "info"), (.logLevel, "warn", "warning"), (.logFormat, "JSON", "json"),
    (.strictHostKeyChecking, "True", "true"),
  ])
  func choicesAreTakenAsPeopleWriteThem(_ setting: Setting, _ text: String, _ meant: String) async throws {
    #expect(try await reader([setting.variable: text]).choice(setting) == meant)
  }

  /// The embedded agent goes to no host unasked, unless it is told to.
  @Test func theEmbeddedAgentChecksHostsOnlyWhereItIsTold() async throws {
    let (untold, told) = (try await reader(), try await reader(["SCOUT_CHECK_INTERVAL": "5"]))
    #expect(try untold.embeddedCheckInterval() == nil && untold.checkInterval() == .seconds(600))
    #expect(try told.embeddedCheckInterval() == .seconds(5) && told.checkInterval() == .seconds(5))
    #expect(try await reader(["SCOUT_CHECK_INTERVAL": "0"]).checkInterval() == nil)
    let help = try await ScoutProcess.run(["coordinator", "--help"]).output
    #expect(help.contains("--check-interval"))
  }

  @Test(arguments: [("# http_port: 1\n\n", "8000"), ("", "8000"), ("# one\nhttp_port: 9000\n", "9000")])
  func aFileOfCommentsSaysNothing(_ text: String, _ port: String) async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "scout-\(UUID().uuidString).yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(try await SettingsReader(flags: [:], environment: [:], file: file.path).text(.httpPort) == port)
  }

  @Test func aFolderIsNoSettingsFile() async throws {
    let error = await #expect(throws: SettingsError.self) {
      try await SettingsReader(flags: [:], environment: [:], file: "/tmp")
    }
    #expect(error?.description == "settings file /tmp: it is a folder")
  }

  @Test func partsOfAListHaveNoBlanksAroundThem() async throws {
    #expect(try await reader(["SCOUT_BLOCKLIST": " prod* , ,db*\t,"]).list(.blocklist) == ["prod*", "db*"])
  }

  @Test func theDefaultsAreWithinTheBounds() async throws {
    let reader = try await reader()
    for setting in Setting.all {
      switch setting.kind {
      case .integer: _ = try reader.integer(setting)
      case .choice: _ = try reader.choice(setting)
      case .flag: _ = try reader.flag(setting)
      case .text, .list: break
      }
    }
  }

  @Test func whatIsNotAllowedNamesKeyValueAndBounds() async throws {
    let reader = try await reader(["SCOUT_COMMAND_TIMEOUT": "soon", "SCOUT_SSH_PASSWORD": "hunter2"])
    let error = #expect(throws: SettingsError.self) { try reader.integer(.commandTimeout) }
    #expect(
      error?.description
        == "SCOUT_COMMAND_TIMEOUT (--command-timeout): `soon` is not a whole number from 1 to 3600, in seconds")
    #expect(!SettingsError(.sshPassword, value: "hunter2").description.contains("hunter2"))
  }

  @Test func aFlagWinsAndThePredecessorsNamesCountLast() async throws {
    let environment = ["MCP_CAT_MAX_FILE_SIZE": "100", "MCP_CAT_IDLE_TIMEOUT": "7", "SCOUT_IDLE_TIMEOUT": "8"]
    let reader = try await reader(
      flags: ["command_timeout": ["9"]], environment.merging(["SCOUT_COMMAND_TIMEOUT": "10"]) { $1 })
    #expect(try reader.integer(.maxFileSize) == 100)
    #expect(try reader.integer(.idleTimeout) == 8)
    #expect(try reader.integer(.commandTimeout) == 9)
  }

  @Test func listsAreSeparatedByCommas() async throws {
    let reader = try await reader(["SCOUT_ALLOWLIST": "web*, db1,,"])
    #expect(reader.list(.allowlist) == ["web*", "db1"])
    #expect(reader.list(.blocklist).isEmpty)
  }

  /// A list that is misread blocks nobody, and nobody notices.
  @Test(arguments: [
    ("SCOUT_BLOCKLIST", "db[1-3]"), ("SCOUT_BLOCKLIST", "{db1"), ("SCOUT_ALLOWLIST", "!db1"),
    ("SCOUT_ALLOWLIST", "dc1/db1"),
    ("SCOUT_LABELS", "db[1-3]:role=db"),
  ])
  func patternsThatNameNoHostStopTheStart(_ variable: String, _ text: String) async throws {
    let reader = try await reader([variable: text])
    let error = #expect(throws: SettingsError.self) { try reader.agentSettings(name: "a") }
    #expect(error?.description.contains("\(variable) (") == true && error?.description.contains("* and ?") == true)
  }

  @Test(arguments: [
    (
      ["coordinator", "--no-embedded-agent", "--agent", "a=http://127.0.0.1:1,b=http://127.0.0.1:1"], "is named already"
    ),
    (["coordinator", "--no-embedded-agent", "--agent", "a=http://192.0.2.1:7443"], "begins with https://"),
    (
      [
        "coordinator", "--no-embedded-agent", "--agent", "a=https://192.0.2.1", "--agent-ca", "/nope", "--agent-cert",
        "/nope",
        "--agent-key", "/nope",
      ], "SCOUT_AGENT_CA (--agent-ca): `/nope` is no file"
    ),
    (["agent", "--coordinator", "127.0.0.1:1", "--coordinator", "127.0.0.1:1"], "is named already"),
    (["coordinator", "--allowed-hosts", "scout.example:8000"], "without scheme and port"),
  ])
  func linksThatCannotWorkStopTheStart(_ arguments: [String], _ words: String) async throws {
    let run = try await ScoutProcess.run(arguments)
    #expect(run.code == 2 && run.errors.contains(words), "\(run)")
  }

  @Test(arguments: ["coordinator", "agent"]) func aMisspeltVariableIsSaidAtTheStart(_ command: String) async throws {
    let own =
      command == "agent"
      ? ["--listen", "127.0.0.1:0"] : ["--http-port", "0", "--no-embedded-agent", "--agent-listen", "127.0.0.1:0"]
    let process = try ScoutProcess([command] + own, environment: ["SCOUT_BLOKLIST": "*"])
    _ = try await process.port()
    #expect(
      process.errors.contains("SCOUT_BLOKLIST is set, and there is no such setting; did you mean SCOUT_BLOCKLIST?"))
  }

  @Test func agentsAreTold() throws {
    let (segment, url) = try AgentLinks.split("dc1=https://[fd00::5]:7000#2")
    #expect(segment == "dc1" && url.host == "fd00::5" && url.port == 7000 && url.priority == 2)
    #expect(try AgentLinks.split("dc1=http://localhost").url.port == 7443)
    for text in ["dc1", "dc1=", "=x", "dc1=ftp://h", "dc1=https://h/path", "dc1=https://h#4", "dc1=https://h#-1"] {
      #expect(throws: SettingsError.self, "\(text)") { try AgentLinks.split(text) }
    }
  }

  @Test func theCommandOfAQueryStandsBehindItsTerminator() {
    #expect(
      QueryCommand.naming(commandIn: ["query", "a", "--", "ls", "--", "-l"]) == [
        "query", "a", "--command", "ls", "--", "-l",
      ])
    #expect(QueryCommand.naming(commandIn: ["read", "--", "-odd:/x"]) == ["read", "--", "-odd:/x"])
  }
}

extension Setting {
  /// As the README's table shows it.
  fileprivate var row: String {
    let shown = standard.isEmpty ? "" : "`\(standard)`"
    let spelling = kind == .flag ? "--[no-]" + flag.dropFirst(2) : flag
    let written = isSecret ? "" : "`\(spelling)`"
    return "| `\(variable)` | \(written) | \(allowed) | \(shown) | \(purpose) |"
  }
}
