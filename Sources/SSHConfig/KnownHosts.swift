/// A public key as SSH sends it. A value.
package struct HostKey: Sendable, Hashable {
  /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ... (the key's type, not a signature algorithm).
  package var type: String
  /// RFC 4253 section 6.6: begins with the type's name.
  package var blob: [UInt8]

  package init(type: String, blob: [UInt8]) {
    self.type = type
    self.blob = blob
  }
}

/// What known_hosts files say about hosts' keys, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT". A value.
package struct KnownHosts: Sendable {
  /// Where a key stands. A value.
  package struct Place: Sendable, Hashable {
    package var file: String
    package var line: Int
  }

  /// `message` is one or two sentences that name the place and the command that would mend it.
  package enum Verdict: Sendable, Hashable {
    case match(Place)
    case unknown(message: String)
    case changed(Place, message: String)
    case revoked(Place, message: String)
  }

  /// Reads the files that exist, in this order.
  package static func load(_ files: [String], reader: some ConfigReader = LocalConfigReader()) -> KnownHosts {
    KnownHosts()
  }

  /// Lines that were passed over because they are malformed.
  package var skippedLines: Int { 0 }

  /// Whether `key` is the one that the host should show.
  package func check(_ key: HostKey, for host: ResolvedHost) -> Verdict {
    .unknown(message: "")
  }

  /// Types of the keys that are known for the host, best first in ssh's order; empty for an unknown host.
  package func preferredKeyTypes(for host: ResolvedHost) -> [String] {
    []
  }

  /// Host key algorithms in the order to propose them: those for which a key is known come first, so that a host with
  /// several keys shows one that can be checked. The order is otherwise kept.
  package func preferring(_ algorithms: [String], for host: ResolvedHost) -> [String] {
    algorithms
  }

  /// `name` for port 22, otherwise `[name]:port`; lower case.
  package static func name(_ host: String, port: Int) -> String {
    let host = host.asciiLowercased()
    return port == 22 ? host : "[\(host)]:\(port)"
  }
}
