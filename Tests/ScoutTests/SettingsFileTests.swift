import Testing

@testable import scout

/// What a settings file may hold.
@Suite struct SettingsFileTests {
  private func check(_ text: String) throws(SettingsError) {
    try SettingsFile.check(text, known: Setting.all, file: "f.yaml")
  }

  @Test(arguments: [
    "", "# nothing\n\n", "---\nhttp_port: 9000\nlog_level: info # loud\n...\n",
    "blocklist: [web, db]\nagent:\n  - a=b\n  - c=d\n",
    "blocklist:\n- web\n- db\nhttp_port: 1\n", "allowlist: web*,db1\r\n", "ssh_config: \"/a: b\"\n", "tls_cert:\n",
    "blocklist:\n  # all of these\n  - web\n",
  ])
  func files(_ text: String) throws {
    try check(text)
  }

  @Test(arguments: [
    ("htp_port: 9000\n", "line 1: there is no setting `htp_port`"),
    ("\n\nscout:\n  http_port: 1\n", "line 3: there is no setting `scout`"),
    ("blocklist: {web: 1}\n", "`blocklist` is a map"),
    ("blocklist:\n  web: 1\n", "`blocklist` is a map"),
    ("http_port: 1\ncommand_timeout: [3]\n", "line 2: `command_timeout` is a list: write a whole number"),
    ("command_timeout:\n  - 3\n", "`command_timeout` is a list"), ("web1\n", "`web1` is no `setting: value`"),
  ])
  func mistakesStopTheStart(_ text: String, _ words: String) throws {
    let error = #expect(throws: SettingsError.self) { try check(text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}
