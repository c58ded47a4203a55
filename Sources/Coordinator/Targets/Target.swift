/// What a client points at: hosts, and for most tools a path on them. `web1:/etc/hosts`, `dc1/web1:~/notes`, `@role=db:/etc/hosts`. A value.
///
/// The host part ends at the first colon; all that follows is the path.
package struct Target: Sendable, Hashable {
  package let hosts: HostSelector
  package let path: RemotePath?

  package init(hosts: HostSelector, path: RemotePath?) {
    self.hosts = hosts
    self.path = path
  }

  /// For tools that work on a path.
  package static func withPath(_ text: String) throws(TargetError) -> Target {
    guard let colon = text.unicodeScalars.firstIndex(of: ":") else {
      throw TargetError(
        "Invalid target '\(ReadableText.escaped(text))'. Expected 'host:/path', as in web1:/etc/hosts or web*:~/notes")
    }
    let hosts = try HostSelector(String(text[..<colon]))
    return Target(hosts: hosts, path: try RemotePath(String(text.unicodeScalars[colon...].dropFirst())))
  }

  /// For tools that work on a host: `web1` or `web1:`.
  package static func hostOnly(_ text: String) throws(TargetError) -> Target {
    guard let colon = text.unicodeScalars.firstIndex(of: ":") else {
      return Target(hosts: try HostSelector(text), path: nil)
    }
    guard text.unicodeScalars.index(after: colon) == text.endIndex else {
      throw TargetError(
        "Target '\(ReadableText.escaped(text))' has a path where only hosts are named: leave it out (the paths of a query stand in its command)"
      )
    }
    return Target(hosts: try HostSelector(String(text[..<colon])), path: nil)
  }
}

extension Target: CustomStringConvertible {
  package var description: String {
    guard let path else { return hosts.text }
    return hosts.text + ":" + path.text
  }
}
