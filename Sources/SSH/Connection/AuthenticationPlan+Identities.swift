import Logging
import SSHConfig

extension AuthenticationPlan {
  /// Reads the key files that the host's settings name, and asks its ssh-agent for keys.
  /// - Throws: `cancelled` when the process shuts down.
  static func make(
    for host: ResolvedHost, credentials: SSHCredentials, logger: Logger
  ) async throws(SSHError) -> AuthenticationPlan {
    var files: [IdentityFile] = []
    var missing: [String] = []
    for path in host.identityFiles {
      if let file = try await IdentityFileCache.shared.load(path) { files.append(file) } else { missing.append(path) }
    }
    var identities: [AgentIdentity] = []
    var agentFault: String?
    if host.identityAgent != .none, let agent = credentials.agent(host) {
      do throws(SSHError) { identities = try await agent.identities() } catch {
        agentFault = error.message
        logger.debug("ssh-agent gives no keys", metadata: ["host": "\(host.alias)", "error": "\(error.message)"])
      }
    }
    return AuthenticationPlan(
      host: host, files: files, missing: missing, agent: identities, agentFault: agentFault, credentials: credentials)
  }
}
