/// What ssh_config(5) says about one host, every file, token and default applied: what is needed to connect. A value.
package struct ResolvedHost: Sendable, Hashable {
  /// The name that was asked for, as typed.
  package var alias: String
  /// Where to connect: a lower case name or an address in its usual form.
  package var hostName: String
  package var port: Int
  package var user: String
  /// Absolute paths in the order to try. `none` is left out.
  package var identityFiles: [String] = []
  /// No file was named, so `identityFiles` are ssh's default ones: those that are missing are passed over in silence.
  package var identityFilesAreDefaults = true
  /// Offer only keys of `identityFiles`, also when the agent holds others.
  package var identitiesOnly = false
  package var identityAgent = IdentityAgent.environment
  /// The chain to go through, as in ProxyJump: the first is connected to first, the last one reaches this host.
  package var jumps: [JumpHop] = []
  /// The name to look up in known_hosts instead of `hostName` and port.
  package var hostKeyAlias: String?
  /// Absolute paths, missing files included.
  package var userKnownHostsFiles: [String] = []
  package var globalKnownHostsFiles: [String] = []
  /// Names of hosts that are written to known_hosts are hashed.
  package var hashesKnownHosts = false
  package var strictHostKeyChecking = StrictHostKeyChecking.ask
  /// Bound of TCP connect and key exchange; nil when not set.
  package var connectTimeout: Duration?
  /// Silence after which the server is asked for a sign of life; nil when not set.
  package var serverAliveInterval: Duration?
  package var serverAliveCountMax = 3
  package var addressFamily = AddressFamily.any
  /// Local address to connect from.
  package var bindAddress: String?
  /// Algorithm names in order of preference, `+`, `-` and `^` already applied to OpenSSH's defaults; nil when not set.
  /// Names that this build cannot do are among them: intersect before use.
  package var ciphers: [String]?
  package var macs: [String]?
  package var kexAlgorithms: [String]?
  package var hostKeyAlgorithms: [String]?
  /// Which signature algorithms may be offered for user keys.
  package var pubkeyAcceptedAlgorithms: [String]?
  /// In order; nil when not set.
  package var preferredAuthentications: [String]?
  package var pubkeyAuthentication = true
  package var passwordAuthentication = true
  package var kbdInteractiveAuthentication = true
  package var compression = false
  /// Fewest bits of an RSA key, host's or user's.
  package var requiredRSASize = 1024
  /// The word of `Tag`, as a list for selectors.
  package var tags: [String] = []
  /// Settings of this host that would change what a connection does and that Scout does not do. Not empty: refuse to
  /// connect, with `unsupportedMessage`.
  package var unsupported: [UnsupportedSetting] = []

  package init(alias: String, hostName: String, port: Int = 22, user: String) {
    self.alias = alias
    self.hostName = hostName
    self.port = port
    self.user = user
  }

  /// The name under which known_hosts files know this host: `alias`, `name` or `[name]:port`.
  package var knownHostsName: String {
    if let hostKeyAlias { return hostKeyAlias.asciiLowercased() }
    return KnownHosts.name(hostName, port: port)
  }

  /// One sentence for the person who asked, or nil when the host can be used.
  package var unsupportedMessage: String? {
    guard !unsupported.isEmpty else { return nil }
    return "host `\(alias)`: " + unsupported.map(\.message).joined(separator: "; ")
  }
}

/// `IdentityAgent`. A value.
package enum IdentityAgent: Sendable, Hashable {
  /// No agent is asked.
  case none
  /// The socket that SSH_AUTH_SOCK names.
  case environment
  /// A socket's absolute path.
  case path(String)
}

/// `StrictHostKeyChecking`. A value. Scout has nobody to ask, so `ask` refuses unknown keys as `yes` does.
package enum StrictHostKeyChecking: String, Sendable, Hashable, CaseIterable {
  case yes
  case acceptNew = "accept-new"
  case ask
  case off
}

/// `AddressFamily`. A value.
package enum AddressFamily: String, Sendable, Hashable, CaseIterable {
  case any
  case inet
  case inet6
}

/// One host of a `ProxyJump`. A value. It has settings of its own: `SSHConfig.resolve(_: JumpHop)`.
package struct JumpHop: Sendable, Hashable {
  package var user: String?
  package var host: String
  package var port: Int?

  package init(user: String? = nil, host: String, port: Int? = nil) {
    self.user = user
    self.host = host
    self.port = port
  }
}

/// A setting that Scout knows and does not do. A value.
package struct UnsupportedSetting: Sendable, Hashable {
  /// As ssh_config(5) writes it.
  package var keyword: String
  package var value: String
  /// Names the place and says what to do.
  package var message: String

  package init(keyword: String, value: String, message: String) {
    self.keyword = keyword
    self.value = value
    self.message = message
  }
}
