package import AgentAPI

/// One agent that the coordinator was told of: the embedded one, or one at the other end of a link. A value.
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
