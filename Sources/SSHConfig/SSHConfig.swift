/// The hosts that ssh_config(5) files describe. A value; resolving reads no file.
package struct SSHConfig: Sendable {
  private let program: ConfigProgram
  private let environment: SSHConfigEnvironment
  /// Every file that was read or looked for, and every folder that an Include with wildcards looked into: what to watch.
  package let files: [String]

  /// Concrete host names (no wildcard, not negated) in the order of the files, each once.
  package var aliases: [String] { program.aliases }

  /// Reads the configuration as ssh(1) does.
  ///
  /// - Parameter path: reads this file only, as `ssh -F`; nil reads `~/.ssh/config`, then `/etc/ssh/ssh_config`.
  /// - Throws: the first fault in reading order. A missing default file is no fault.
  package static func load(
    path: String? = nil, environment: SSHConfigEnvironment = .current(), reader: some ConfigReader = LocalConfigReader()
  ) throws(SSHConfigError) -> SSHConfig {
    var loader = ConfigLoader(environment: environment, reader: reader)
    if let path {
      guard try loader.read(path, level: .user, checksPermissions: false) else {
        let isFolder = reader.facts(path)?.isDirectory == true
        throw SSHConfigError(
          .unreadable, file: path,
          (isFolder ? "that is a folder" : "there is no such file") + ": name an existing ssh_config file")
      }
    } else {
      _ = try loader.read(environment.home + "/.ssh/config", level: .user, checksPermissions: true)
      _ = try loader.read("/etc/ssh/ssh_config", level: .system, checksPermissions: false)
    }
    return SSHConfig(program: ConfigProgram(blocks: loader.blocks), environment: environment, files: loader.files)
  }

  /// What the configuration says about a host, whether a Host line names it or not.
  /// - Throws: `value` for a name that cannot be one, and for a token or variable that is not known.
  package func resolve(_ alias: String) throws(SSHConfigError) -> ResolvedHost {
    try resolve(alias, user: nil, port: nil)
  }

  /// The settings of a jump host: its user and port stand before the configuration's, as on ssh's command line.
  package func resolve(_ hop: JumpHop) throws(SSHConfigError) -> ResolvedHost {
    try resolve(hop.host, user: hop.user, port: hop.port)
  }

  private func resolve(_ alias: String, user: String?, port: Int?) throws(SSHConfigError) -> ResolvedHost {
    guard !alias.isEmpty, alias.first != "-", !alias.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
      throw SSHConfigError(
        .value, file: "host `\(alias.filter { !$0.isNewline })`",
        "a host name is not empty, does not begin with - and has no blanks or control characters")
    }
    var resolution = HostResolution(program, environment, alias: alias, user: user, port: port)
    return try resolution.run()
  }
}
