package import SSHConfig

/// What an agent is told. A value; its members were checked when the settings were read.
package struct AgentSettings: Sendable {
  /// The agent's own name, unique within its segment.
  package var name: String
  /// The network segment that it serves.
  package var segment: String
  /// The ssh_config(5) file; nil reads the user's and then the system's, as ssh(1) does.
  package var configPath: String?
  /// One known_hosts file for every host, whatever the configuration says.
  package var knownHostsPath: String?
  /// For every host, whatever the configuration says.
  package var strictHostKeyChecking: StrictHostKeyChecking?
  /// Globs over aliases. Empty: every host. Otherwise a host must match one.
  package var allowlist: [String] = []
  /// Globs over aliases. A host that matches one is not served, whatever the allow-list says.
  package var blocklist: [String] = []
  /// Labels for the hosts whose alias matches the glob; later rules add to earlier ones and win over them.
  package var labels: [LabelRule] = []
  /// A command's time at most, whatever the caller allows.
  package var commandTimeout: Duration = .seconds(30)
  /// A command's output at most, stdout and stderr together, in bytes.
  package var maxOutput = 1024 * 1024
  /// Entries that one listing looks at before it stops and says so.
  package var maxEntries = 200_000
  /// A host that was not heard of for so long gets a handshake, to see how it is; nil: none does.
  package var checkInterval: Duration?
  /// From the agent's start to the first such handshake, so that agents that start together begin with no storm.
  package var checkPatience: Duration = .seconds(30)
  /// Between two looks at whether the configuration changed.
  package var reloadInterval: Duration = .seconds(1)

  /// Commands with effects are run, not only those that policy knows to be harmless.
  package var runsCommands = false
  /// The folder of the journal of commands; nil: it is kept in memory, and what ran when the agent went down is forgotten.
  package var stateFolder: String?
  package var journal = JournalSettings()

  package init(name: String, segment: String, configPath: String? = nil) {
    self.name = name
    self.segment = segment
    self.configPath = configPath
  }
}

/// `glob -> key=value ...`. A value.
package struct LabelRule: Sendable, Hashable {
  package var pattern: String
  package var labels: [String: String]

  package init(pattern: String, labels: [String: String]) {
    self.pattern = pattern
    self.labels = labels
  }
}
