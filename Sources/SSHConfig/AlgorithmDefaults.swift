/// OpenSSH's lists of algorithms: what `+`, `-` and `^` change, and what `*` can match. A value.
package struct AlgorithmDefaults: Sendable, Hashable {
  /// One keyword's names. A value.
  package struct List: Sendable, Hashable {
    /// Proposed when nothing is set, best first.
    package var proposed: [String]
    /// All known names, in OpenSSH's order.
    package var known: [String]

    package init(proposed: [String], known: [String]) {
      self.proposed = proposed
      self.known = known
    }
  }

  package var ciphers: List
  package var macs: List
  package var kexAlgorithms: List
  package var hostKeyAlgorithms: List
  package var pubkeyAcceptedAlgorithms: List

  package init(
    ciphers: List, macs: List, kexAlgorithms: List, hostKeyAlgorithms: List, pubkeyAcceptedAlgorithms: List
  ) {
    self.ciphers = ciphers
    self.macs = macs
    self.kexAlgorithms = kexAlgorithms
    self.hostKeyAlgorithms = hostKeyAlgorithms
    self.pubkeyAcceptedAlgorithms = pubkeyAcceptedAlgorithms
  }
}

extension AlgorithmDefaults {
  /// Of OpenSSH 9.2 to 9.9, in the shape of `ssh -G` and `ssh -Q`.
  package static let openSSH = AlgorithmDefaults(
    ciphers: List(
      proposed: words(
        """
        chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com aes256-gcm@openssh.com
        """),
      known: words(
        """
        3des-cbc aes128-cbc aes192-cbc aes256-cbc aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com
        aes256-gcm@openssh.com chacha20-poly1305@openssh.com
        """)),
    macs: List(
      proposed: words(
        """
        umac-64-etm@openssh.com umac-128-etm@openssh.com hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com
        hmac-sha1-etm@openssh.com umac-64@openssh.com umac-128@openssh.com hmac-sha2-256 hmac-sha2-512 hmac-sha1
        """),
      known: words(
        """
        hmac-sha1 hmac-sha1-96 hmac-sha2-256 hmac-sha2-512 hmac-md5 hmac-md5-96 umac-64@openssh.com
        umac-128@openssh.com hmac-sha1-etm@openssh.com hmac-sha1-96-etm@openssh.com hmac-sha2-256-etm@openssh.com
        hmac-sha2-512-etm@openssh.com hmac-md5-etm@openssh.com hmac-md5-96-etm@openssh.com umac-64-etm@openssh.com
        umac-128-etm@openssh.com
        """)),
    kexAlgorithms: List(
      proposed: words(
        """
        sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com curve25519-sha256 curve25519-sha256@libssh.org
        ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521 diffie-hellman-group-exchange-sha256
        diffie-hellman-group16-sha512 diffie-hellman-group18-sha512 diffie-hellman-group14-sha256
        """),
      known: words(
        """
        diffie-hellman-group1-sha1 diffie-hellman-group14-sha1 diffie-hellman-group14-sha256
        diffie-hellman-group16-sha512 diffie-hellman-group18-sha512 diffie-hellman-group-exchange-sha1
        diffie-hellman-group-exchange-sha256 ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521
        curve25519-sha256 curve25519-sha256@libssh.org sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com
        """)),
    hostKeyAlgorithms: List(proposed: keyAlgorithms, known: knownKeyAlgorithms),
    pubkeyAcceptedAlgorithms: List(proposed: keyAlgorithms, known: knownKeyAlgorithms))

  private static let keyAlgorithms = words(
    """
    ssh-ed25519-cert-v01@openssh.com ecdsa-sha2-nistp256-cert-v01@openssh.com
    ecdsa-sha2-nistp384-cert-v01@openssh.com ecdsa-sha2-nistp521-cert-v01@openssh.com
    sk-ssh-ed25519-cert-v01@openssh.com sk-ecdsa-sha2-nistp256-cert-v01@openssh.com
    rsa-sha2-512-cert-v01@openssh.com rsa-sha2-256-cert-v01@openssh.com ssh-ed25519 ecdsa-sha2-nistp256
    ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 sk-ssh-ed25519@openssh.com sk-ecdsa-sha2-nistp256@openssh.com
    rsa-sha2-512 rsa-sha2-256
    """)

  private static let knownKeyAlgorithms = words(
    """
    ssh-ed25519 ssh-ed25519-cert-v01@openssh.com sk-ssh-ed25519@openssh.com sk-ssh-ed25519-cert-v01@openssh.com
    ecdsa-sha2-nistp256 ecdsa-sha2-nistp256-cert-v01@openssh.com ecdsa-sha2-nistp384
    ecdsa-sha2-nistp384-cert-v01@openssh.com ecdsa-sha2-nistp521 ecdsa-sha2-nistp521-cert-v01@openssh.com
    sk-ecdsa-sha2-nistp256@openssh.com sk-ecdsa-sha2-nistp256-cert-v01@openssh.com
    webauthn-sk-ecdsa-sha2-nistp256@openssh.com ssh-dss ssh-dss-cert-v01@openssh.com ssh-rsa
    ssh-rsa-cert-v01@openssh.com rsa-sha2-256 rsa-sha2-256-cert-v01@openssh.com rsa-sha2-512
    rsa-sha2-512-cert-v01@openssh.com
    """)

  private static func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map(String.init)
  }
}
