/// What known_hosts files say about hosts' keys, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT". A value.
package struct KnownHosts: Sendable {
  /// Where a key stands. A value.
  package struct Place: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    package var line: Int

    package var description: String { "\(file):\(line)" }
  }

  /// `message` is one or two sentences that name the place and the command that would mend it.
  package enum Verdict: Sendable, Hashable {
    case match(Place)
    case unknown(message: String)
    case changed(Place, message: String)
    case revoked(Place, message: String)
  }

  private let files: [KnownHostsFile]

  init(files: [KnownHostsFile]) {
    self.files = files
  }

  /// Reads the files that exist, in this order. Blocking.
  package static func load(_ files: [String], reader: some ConfigReader = LocalConfigReader()) -> KnownHosts {
    KnownHosts(
      files: files.compactMap { path in
        reader.contents(path).map { KnownHostsFile(path: path, contents: $0) }
      })
  }

  /// Lines that were passed over because they are malformed.
  package var skippedLines: Int { files.reduce(0) { $0 + $1.skipped } }
  /// Lines of @cert-authority, which are passed over: host certificates are not supported.
  package var ignoredAuthorities: Int { files.reduce(0) { $0 + $1.authorities } }

  /// Whether `key` is the one that the host should show.
  package func check(_ key: HostKey, for host: ResolvedHost) -> Verdict {
    let verdict = check(key, name: host.knownHostsName, host)
    // As ssh: a host on another port may show the key that is known for the bare name.
    if case .unknown = verdict, host.hostKeyAlias == nil, host.port != 22,
      case .match(let place) = check(key, name: host.hostName.asciiLowercased(), host)
    {
      return .match(place)
    }
    return verdict
  }

  private func check(_ key: HostKey, name: String, _ host: ResolvedHost) -> Verdict {
    let found = lines(for: name)
    if let revoked = found.first(where: { $0.line.marker == .revoked && $0.line.key == key }) {
      return .revoked(
        revoked.place,
        message: "the key that `\(host.alias)` shows (\(key.type) \(key.fingerprint)) is marked @revoked at "
          + "\(revoked.place): do not connect; ask who runs the host for its new key")
    }
    let known = found.filter { $0.line.marker == .key }
    if let match = known.first(where: { $0.line.key == key }) { return .match(match.place) }
    if let other = known.first(where: { $0.line.key.type == key.type }) {
      return .changed(other.place, message: KnownHostsAdvice(host, key).changed(name: name, place: other.place))
    }
    return .unknown(message: KnownHostsAdvice(host, key).unknown(otherTypes: known.map(\.line.key.type)))
  }

  /// Types of the keys that are known for the host, best first in ssh's order; empty for an unknown host.
  package func preferredKeyTypes(for host: ResolvedHost) -> [String] {
    var known = lines(for: host.knownHostsName)
    if known.isEmpty, host.hostKeyAlias == nil, host.port != 22 { known = lines(for: host.hostName.asciiLowercased()) }
    let types = Set(known.filter { $0.line.marker == .key }.map(\.line.key.type))
    let order = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]
    return order.filter(types.contains) + types.subtracting(order).sorted()
  }

  /// Host key algorithms in the order to propose them: those for which a key is known come first, so that a host with
  /// several keys shows one that can be checked. The order is otherwise kept.
  package func preferring(_ algorithms: [String], for host: ResolvedHost) -> [String] {
    let known = preferredKeyTypes(for: host)
    let isKnown = { (name: String) in known.contains(HostKey.type(ofAlgorithm: name)) }
    return algorithms.filter(isKnown) + algorithms.filter { !isKnown($0) }
  }

  /// The line that makes the key known, without newline: for `StrictHostKeyChecking accept-new`. The name is hashed where the host's
  /// `HashKnownHosts` says so.
  package static func line(for key: HostKey, of host: ResolvedHost) -> String {
    let name = host.hashesKnownHosts ? KnownHostsLine.hashed(host.knownHostsName) : host.knownHostsName
    return "\(name) \(key.type) \(key.base64)"
  }

  /// `name` for port 22, otherwise `[name]:port`; lower case.
  package static func name(_ host: String, port: Int) -> String {
    let host = host.asciiLowercased()
    return port == 22 ? host : "[\(host)]:\(port)"
  }

  private func lines(for name: String) -> [(place: Place, line: KnownHostsLine)] {
    files.flatMap { file in file.lines(for: name).map { (Place(file: file.path, line: $0.number), $0) } }
  }
}
