/// A public key that an ssh-agent holds. A value.
package struct AgentIdentity: Sendable, Hashable {
  /// RFC 4253 section 6.6: begins with the key type's name.
  package var blob: [UInt8]
  package var comment: String

  package init(blob: [UInt8], comment: String) {
    self.blob = blob
    self.comment = comment
  }
}

/// Something that signs with keys it does not show: an ssh-agent. Called while a connection authenticates.
package protocol SSHAgentClient: Sendable {
  /// In the agent's order.
  func identities() async throws(SSHError) -> [AgentIdentity]
  /// - Returns: the whole signature of RFC 4253 section 6.6: `string format, string blob`.
  func sign(blob: [UInt8], data: [UInt8], flags: UInt32) async throws(SSHError) -> [UInt8]
}
