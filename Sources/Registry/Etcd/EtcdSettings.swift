/// How etcd is reached and how patient a coordinator is with it. A value.
package struct EtcdSettings: Sendable {
  /// Files that secure the connections, PEM. A value.
  package struct TLS: Sendable {
    /// Nil: the system's roots.
    package var trustRoots: String?
    /// Chain and key go together: the certificate shown to etcd (`--client-cert-auth`). With a user as well, it must have
    /// no common name, or etcd's gateway refuses it.
    package var certificateChain: String?
    package var privateKey: String?

    package init(trustRoots: String? = nil, certificateChain: String? = nil, privateKey: String? = nil) {
      self.trustRoots = trustRoots
      self.certificateChain = certificateChain
      self.privateKey = privateKey
    }
  }

  /// A user of etcd's own authentication. The password is a secret: it is never logged. A value.
  package struct User: Sendable {
    package var name: String
    package var password: String

    package init(name: String, password: String) {
      self.name = name
      self.password = password
    }
  }

  /// Client URLs of the members, `http://HOST:PORT` or `https://HOST:PORT`; 1 to 16. One at a time is used.
  package var endpoints: [String]
  package var tls: TLS?
  package var user: User?
  /// All keys start with it. Coordinators with the same prefix share their rows.
  package var prefix = "/scout/registry/"
  /// How long rows outlive a coordinator that is gone: whole seconds, 2 to 600. Renewed at a third of it.
  package var leaseTime: Duration = .seconds(10)
  /// For a TCP and TLS connection with one trivial answer: how soon the next endpoint is tried.
  package var connectTimeout: Duration = .milliseconds(500)
  /// For one answer. A new leader may have to be elected within it.
  package var answerTimeout: Duration = .seconds(2)
  /// How often a watch is asked for a sign of life.
  package var probeInterval: Duration = .milliseconds(250)
  /// A watch that is silent for longer has ended.
  package var silenceLimit: Duration = .milliseconds(800)
  /// The longest pause before the next attempt; half of it to all of it, after the first few.
  package var longestPause: Duration = .milliseconds(250)
  /// Rows that are held, and rows that are published, at most: 1 to 65536.
  package var maxRows = 16_384
  /// Where the last snapshot is kept; nil: nowhere.
  package var snapshotPath: String?

  package init(endpoints: [String]) {
    self.endpoints = endpoints
  }

  /// 1 to 65535, or none.
  private static func hasUsablePort(_ authority: Substring) -> Bool {
    // Colons within brackets are an IPv6 address's.
    let behindHost = authority.lastIndex(of: "]").map { authority[$0...] } ?? authority
    guard let colon = behindHost.lastIndex(of: ":") else { return true }
    return Int(behindHost[behindHost.index(after: colon)...]).map { (1...65_535).contains($0) } ?? false
  }

  /// Throws `.invalid` with the name of what is out of bounds.
  package func validate() throws(RegistryError) {
    guard (1...16).contains(endpoints.count) else { throw RegistryError(.invalid, "etcd needs 1 to 16 endpoints") }
    for endpoint in endpoints {
      guard let scheme = ["http://", "https://"].first(where: endpoint.hasPrefix),
        endpoint.utf8.count > scheme.utf8.count,
        endpoint.dropFirst(scheme.count).utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }),
        !endpoint.contains("@"), Self.hasUsablePort(endpoint.dropFirst(scheme.count))
      else {
        throw RegistryError(
          .invalid,
          "an endpoint of etcd is not http://HOST:PORT or https://HOST:PORT (user and password have settings of their own)"
        )
      }
    }
    guard (tls?.certificateChain == nil) == (tls?.privateKey == nil) else {
      throw RegistryError(.invalid, "etcd's client certificate and its key go together")
    }
    guard prefix.hasSuffix("/"), (2...128).contains(prefix.utf8.count) else {
      throw RegistryError(.invalid, "etcd's prefix is not 2 to 128 bytes that end with a slash")
    }
    guard (.seconds(2)...(.seconds(600))).contains(leaseTime) else {
      throw RegistryError(.invalid, "etcd's lease time is not 2 to 600 s")
    }
    for time in [connectTimeout, answerTimeout, probeInterval, silenceLimit, longestPause] {
      guard (.milliseconds(10)...(.seconds(60))).contains(time) else {
        throw RegistryError(.invalid, "a time limit of etcd's is not 10 ms to 60 s")
      }
    }
    guard silenceLimit >= probeInterval * 2 else {
      throw RegistryError(.invalid, "etcd's silence limit is below two probe intervals")
    }
    guard (1...65_536).contains(maxRows) else { throw RegistryError(.invalid, "etcd's rows are not 1 to 65536") }
  }
}
