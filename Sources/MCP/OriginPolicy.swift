/// Which `Host` and `Origin` a front door accepts, against DNS rebinding and foreign web pages. A value.
package struct OriginPolicy: Sendable, Hashable {
  /// Beside the loopback names: host names by which this server is reached, in lower case, without port. nil accepts any
  /// (behind a proxy that has checked).
  package var hosts: Set<String>?
  /// Beside the loopback ones: origins as browsers send them, `https://example.org`, in lower case.
  package var origins: Set<String>

  package init(hosts: Set<String>? = [], origins: Set<String> = []) {
    self.hosts = hosts.map { Set($0.map { $0.lowercased() }) }
    self.origins = Set(origins.map { $0.lowercased() })
  }

  /// Why the request is refused with 403; nil when it is not. The lines of `Host` (or `:authority`) and of `Origin`.
  package func refusal(host: [String], origin: [String]) -> String? {
    guard host.count == 1, let name = Self.name(authority: host[0]) else {
      return "The Host header must stand once and name this server"
    }
    if let hosts, !Self.isLoopback(name), !hosts.contains(name) { return "The Host header does not name this server" }
    guard !origin.isEmpty else { return nil }
    guard origin.count == 1, accepts(origin: origin[0].lowercased()) else { return "The Origin is not allowed" }
    return nil
  }

  /// Whether `hosts` may name it: as clients write it, without a port.
  package static func isHostName(_ text: String) -> Bool { name(authority: text) == text.lowercased() }

  private func accepts(origin: String) -> Bool {
    if origins.contains(origin) { return true }
    for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
      guard let name = Self.name(authority: String(origin.dropFirst(scheme.count))) else { return false }
      return Self.isLoopback(name)
    }
    return false
  }

  private static func isLoopback(_ name: String) -> Bool {
    name == "localhost" || name == "127.0.0.1" || name == "[::1]"
  }

  /// The host of `host[:port]` in lower case; nil for anything else, also for user names and paths.
  private static func name(authority: String) -> String? {
    let authority = HeaderValue.trimmed(authority).lowercased()
    let utf8 = authority.utf8
    guard utf8.allSatisfy(isAuthority) else { return nil }
    let nameEnd: String.Index
    if utf8.first == UInt8(ascii: "[") {
      guard let close = utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      nameEnd = utf8.index(after: close)
    } else {
      nameEnd = utf8.firstIndex(of: UInt8(ascii: ":")) ?? utf8.endIndex
    }
    let name = authority[..<nameEnd]
    let port = authority[nameEnd...]
    guard !name.isEmpty else { return nil }
    if port.isEmpty { return String(name) }
    guard port.utf8.first == UInt8(ascii: ":"), port.utf8.dropFirst().first != UInt8(ascii: "+"),
      UInt16(port.dropFirst()) != nil
    else { return nil }
    return String(name)
  }

  /// Printable ASCII without what would begin a user's name, a path, a query or another value.
  private static func isAuthority(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\"),
      UInt8(ascii: ","):
      false
    default: byte > 0x20 && byte < 0x7F
    }
  }
}
