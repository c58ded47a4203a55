/// The argument of `ProxyJump`: `[user@]host[:port]` or `ssh://` addresses separated by commas. A value.
struct ProxyJump: Sendable, Hashable {
  /// Empty for `none`.
  let hops: [JumpHop]

  /// nil when it is malformed.
  init?(_ text: String) {
    if text.asciiLowercased() == "none" {
      hops = []
      return
    }
    var hops: [JumpHop] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let hop = JumpHop(address: part) else { return nil }
      hops.append(hop)
    }
    self.hops = hops
  }
}

extension JumpHop {
  fileprivate init?(address: Substring) {
    var rest = address
    var isURI = false
    if rest.hasPrefix("ssh://") {
      isURI = true
      rest = rest.dropFirst(6)
      if rest.last == "/" { rest = rest.dropLast() }
    }
    self.init(host: "")
    if let at = rest.lastIndex(of: "@") {
      var name = rest[..<at]
      // RFC draft "ssh-uri": connection parameters follow the user after a semicolon.
      if isURI, let semicolon = name.firstIndex(of: ";") { name = name[..<semicolon] }
      guard !name.isEmpty else { return nil }
      user = String(name)
      rest = rest[rest.index(after: at)...]
    }
    if rest.first == "[" {
      guard let close = rest.firstIndex(of: "]") else { return nil }
      host = String(rest[rest.index(after: rest.startIndex)..<close])
      rest = rest[rest.index(after: close)...]
    } else {
      let end = rest.firstIndex { $0 == ":" || $0 == "/" } ?? rest.endIndex
      host = String(rest[..<end])
      rest = rest[end...]
    }
    guard !host.isEmpty else { return nil }
    guard !rest.isEmpty else { return }
    guard rest.first == ":", let number = PortNumber.parse(rest.dropFirst()) else { return nil }
    port = number
  }
}

/// TCP ports in text.
enum PortNumber {
  /// 1 to 65535, or the service name `ssh`; nil otherwise.
  static func parse(_ text: some StringProtocol) -> Int? {
    if text == "ssh" { return 22 }
    guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), let port = Int(text), (1...65535).contains(port) else {
      return nil
    }
    return port
  }
}
