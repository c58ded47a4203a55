package import Logging
package import SSHConfig

/// What the settings, keys and known_hosts say of a host before anybody connects to it. A value.
package struct HostReview: Sendable, Hashable {
  /// Why Scout would not connect at all.
  package var unsupported: String?
  /// Keys and passwords that would be shown, at least one way to be let in.
  package var hasCredentials: Bool
  /// What stands in the way of keys that are named, each with its remedy.
  package var remarks: [String]
  /// Strict checking would refuse the host, since no known_hosts file has a key of it.
  package var lacksHostKey: Bool
  /// Malformed lines of its known_hosts files, and @cert-authority lines: both are passed over.
  package var skippedLines: Int

  /// Reads files and asks the host's ssh-agent; nothing goes to the host.
  /// - Throws: `cancelled` when the process shuts down.
  package static func of(
    _ host: ResolvedHost, credentials: SSHCredentials, logger: Logger
  ) async throws(SSHError) -> HostReview {
    let plan = try await AuthenticationPlan.make(for: host, credentials: credentials, logger: logger)
    let known = try await KnownHostsCache.shared.load(host.userKnownHostsFiles + host.globalKnownHostsFiles)
    let isStrict = host.strictHostKeyChecking == .yes || host.strictHostKeyChecking == .ask
    return HostReview(
      unsupported: host.unsupportedMessage,
      hasCredentials: !plan.attempts(methods: ["publickey", "keyboard-interactive", "password"]).isEmpty,
      remarks: plan.remarks, lacksHostKey: isStrict && known.preferredKeyTypes(for: host).isEmpty,
      skippedLines: known.skippedLines + known.ignoredAuthorities)
  }
}
