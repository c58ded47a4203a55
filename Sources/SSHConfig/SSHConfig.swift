/// The hosts that ssh_config(5) files describe. A value; resolving reads no file.
package struct SSHConfig: Sendable {
  /// Concrete host names (no wildcard, not negated) in the order of the files, each once.
  package var aliases: [String] { [] }
  /// Every file that was read, and every folder that an Include with wildcards looked into: what to watch.
  package var files: [String] { [] }

  /// Reads the configuration as ssh(1) does.
  ///
  /// - Parameter path: reads this file only, as `ssh -F`; nil reads `~/.ssh/config`, then `/etc/ssh/ssh_config`.
  /// - Throws: the first fault of the first faulty file. A missing default file is no fault.
  package static func load(
    path: String? = nil, environment: SSHConfigEnvironment = .current(), reader: some ConfigReader = LocalConfigReader()
  ) throws(SSHConfigError) -> SSHConfig {
    SSHConfig()
  }

  /// What the configuration says about a host, whether a Host line names it or not.
  /// - Throws: `value` for a name that cannot be one, `syntax` for a line that is wrong for this host only.
  package func resolve(_ alias: String) throws(SSHConfigError) -> ResolvedHost {
    ResolvedHost(alias: alias, hostName: alias, user: "root")
  }

  /// The settings of a jump host: its user and port stand before the configuration's, as on ssh's command line.
  package func resolve(_ hop: JumpHop) throws(SSHConfigError) -> ResolvedHost {
    try resolve(hop.host)
  }
}
