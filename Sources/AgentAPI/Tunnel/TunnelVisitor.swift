import HTTP2

/// A value: who dials in, and whether that is an agent. The one place where an agent's identity is decided.
struct TunnelVisitor {
  let answer: GreetingAnswer
  /// Nil where it is refused.
  let identity: AgentIdentity?
  let priority: Int

  init(_ visitor: GreetingVisitor) {
    guard let hello = TunnelHello(line: visitor.line) else {
      self = Self(refusal: "this is no hello of an agent", reason: "It did not greet as an agent does")
      return
    }
    // Whoever claims something else than its certificate says is who the certificate says.
    guard let identity = visitor.isAuthenticated ? AgentIdentity(certificateURIs: visitor.uris) : hello.identity else {
      let named = visitor.uris.isEmpty ? "no URI" : visitor.uris.prefix(3).joined(separator: " and ")
      self = Self(
        refusal:
          "your certificate does not name an agent: its SAN has to hold spiffe://DOMAIN/agent/SEGMENT/NAME alone",
        reason: "Its certificate names \(named.prefix(300)), not one agent")
      return
    }
    self = Self(answer: .welcome(TunnelAnswer.welcome.line), identity: identity, priority: hello.priority)
  }

  private init(refusal: String, reason: String) {
    self = Self(answer: .refuse(TunnelAnswer.refused(refusal).line, reason: reason), identity: nil, priority: 0)
  }

  private init(answer: GreetingAnswer, identity: AgentIdentity?, priority: Int) {
    self.answer = answer
    self.identity = identity
    self.priority = priority
  }
}
