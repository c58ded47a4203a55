package import AgentAPI

/// One agent: the embedded one, one at the other end of a link, or one that dials in. A value.
package struct AgentLink: Sendable {
  /// For people: unique among the links.
  package let name: String
  /// The network segment whose hosts it reaches. Empty: as the agent says.
  package let segment: String
  package let service: any AgentService

  package init(name: String, segment: String, service: any AgentService) {
    self.name = name
    self.segment = segment
    self.service = service
  }
}
