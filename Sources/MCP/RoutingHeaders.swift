/// The header fields that repeat what the body of a modern request says, so that proxies can route without reading it.
/// They must agree with the body: somebody may have decided by them. A value.
struct RoutingHeaders: Sendable, Hashable {
  /// What the body has for `Mcp-Name`.
  enum Name: Sendable, Hashable {
    /// The method takes no name; the header is not looked at.
    case none
    /// The parameter called so should be there and is not; dispatch will say so unless the header claims one.
    case absent(String)
    case value(String, String)
  }

  let versions: [String]
  private let methods: [String]
  private let names: [String]

  init(_ request: MCPHTTPRequest) {
    versions = request.values("mcp-protocol-version")
    methods = request.values("mcp-method")
    names = request.values("mcp-name")
  }

  /// Throws -32020 where a field is missing, stands twice, cannot be decoded or says something else than the body.
  func match(version: String, method: String, name: Name) throws(RPCError) {
    try match("MCP-Protocol-Version", versions, version, "the version in params._meta")
    try match("Mcp-Method", methods, method, "the method")
    switch name {
    case .none: return
    case .absent(let parameter):
      guard names.isEmpty else { throw mismatch("Mcp-Name names something and params.\(parameter) does not") }
    case .value(let value, let parameter): try match("Mcp-Name", names, value, "params.\(parameter)")
    }
  }

  private func match(_ field: String, _ values: [String], _ expected: String, _ role: String) throws(RPCError) {
    guard let value = values.first else { throw mismatch("\(field) is missing") }
    guard values.count == 1 else { throw mismatch("\(field) appears \(values.count) times") }
    guard let decoded = HeaderValue.decoded(value) else { throw mismatch("\(field) is not valid base64 of UTF-8") }
    // By bytes: Swift's own equality calls different spellings of one character equal.
    guard decoded.utf8.elementsEqual(expected.utf8) else {
      throw mismatch("\(field) is \"\(decoded.prefix(128))\" and \(role) is \"\(expected.prefix(128))\"")
    }
  }

  private func mismatch(_ message: String) -> RPCError { RPCError(.headerMismatch, "Header mismatch: \(message)") }
}
