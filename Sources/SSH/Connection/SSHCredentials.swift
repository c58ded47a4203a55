import NIOPosix
package import SSHConfig

/// What this process may show to a host to be let in, besides the key files that the host's settings name.
///
/// Secrets come from settings marked secret; they are never logged and never part of an error.
package struct SSHCredentials: Sendable {
  /// The ssh-agent to ask for this host, by its `identityAgent` setting; nil for none.
  package var agent: @Sendable (ResolvedHost) -> (any SSHAgentClient)?
  /// For the `password` method, and the answer to hidden prompts of `keyboard-interactive`.
  package var password: String?
  /// For encrypted key files.
  package var keyPassphrase: String?

  package init(
    agent: @escaping @Sendable (ResolvedHost) -> (any SSHAgentClient)? = SSHCredentials.settingsAgent,
    password: String? = nil, keyPassphrase: String? = nil
  ) {
    self.agent = agent
    self.password = password
    self.keyPassphrase = keyPassphrase
  }

  /// The agent that the host's IdentityAgent setting names.
  package static let settingsAgent: @Sendable (ResolvedHost) -> (any SSHAgentClient)? = { host in
    SSHAgent(for: host.identityAgent, on: MultiThreadedEventLoopGroup.singleton)
  }
}
