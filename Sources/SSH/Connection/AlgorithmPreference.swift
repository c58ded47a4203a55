import SSHConfig

/// The order in which algorithms are proposed where the host's settings do not say. A namespace.
enum AlgorithmPreference {
  /// libssh2 works block by block, so the cipher with the fewest rounds is the fastest, and GCM (from 1.11), with more to do for
  /// each block, takes half as long again as CTR with a MAC. All of these are sound.
  static func ciphers(_ host: ResolvedHost, _ supported: [String]) -> [String] {
    if let names = host.ciphers { return names }
    let best = ["aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"]
    return best.filter(supported.contains)
  }

  /// Without SHA-1 and groups of 1,024 bits, as ssh(1) proposes: ssh_config(5) "KexAlgorithms" lets single hosts have them.
  static func keyExchanges(_ host: ResolvedHost, _ supported: [String]) -> [String] {
    if let names = host.kexAlgorithms { return names }
    return supported.filter { !$0.hasSuffix("-sha1") }
  }

  static func macs(_ host: ResolvedHost, _ supported: [String]) -> [String] {
    if let names = host.macs { return names }
    let best = [
      "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1",
    ]
    return best.filter(supported.contains)
  }
}
