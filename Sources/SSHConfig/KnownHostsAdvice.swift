/// Sentences about a host key that cannot be trusted, with the commands that would mend it. A value.
struct KnownHostsAdvice {
  private let host: ResolvedHost
  private let key: HostKey

  init(_ host: ResolvedHost, _ key: HostKey) {
    self.host = host
    self.key = key
  }

  func unknown(otherTypes: [String]) -> String {
    let others =
      otherTypes.isEmpty
      ? "" : " (known are keys of the type \(Array(Set(otherTypes)).sorted().joined(separator: ", ")))"
    return "the key that `\(host.alias)` shows (\(key.type) \(key.fingerprint)) is not in known_hosts\(others): "
      + "compare the fingerprint, then accept it with `\(sshCommand(otherTypesAreKnown: !otherTypes.isEmpty))` or `\(scanCommand)`"
  }

  func changed(name: String, place: KnownHosts.Place) -> String {
    "the key of `\(host.alias)` has changed: it shows \(key.type) \(key.fingerprint), \(place) has another. "
      + "Somebody may be between; if the host is known to have a new key, remove the old one with "
      + "`ssh-keygen -R \(Self.quoted(name)) -f \(Self.quoted(place.file))` and accept the new one with `\(sshCommand(otherTypesAreKnown: false))`"
  }

  /// So that ssh asks about this key, and writes it down where Scout looks.
  private func sshCommand(otherTypesAreKnown: Bool) -> String {
    var options = ""
    if let file = host.userKnownHostsFiles.first, !file.hasSuffix("/.ssh/known_hosts") {
      options += " -o UserKnownHostsFile=\(Self.quoted(file))"
    }
    if otherTypesAreKnown {
      // Of one RSA key there are several kinds of signatures.
      options += " -o HostKeyAlgorithms=" + (key.type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256,ssh-rsa" : key.type)
    }
    // The alias, so that ssh reads the same settings.
    return "ssh\(options) \(Self.quoted("\(host.user)@\(host.alias)"))" + (host.port == 22 ? "" : " -p \(host.port)")
  }

  private var scanCommand: String {
    let file = host.userKnownHostsFiles.first ?? "~/.ssh/known_hosts"
    return "ssh-keyscan -p \(host.port) \(Self.quoted(host.hostName)) >> \(Self.quoted(file))"
  }

  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      byte.isDigit || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        || "@%+=:,./-_~".utf8.contains(byte)
    }
    return isPlain && !word.isEmpty
      ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
