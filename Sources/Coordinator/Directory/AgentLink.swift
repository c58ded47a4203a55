package import AgentAPI

/// One agent: the embedded one, one at the other end of a link, or one that dials in. A value.
package struct AgentLink: Sendable {
  /// For people: unique among the links.
  package let name: String
  /// The network segment whose hosts it reaches. Empty: as the agent says.
  package let segment: String
  package let service: any AgentService
  /// 0...3: agents of 0 are asked, those of the next one for what these cannot take (`ZonePriority`).
  package let priority: Int

  package init(name: String, segment: String, service: any AgentService, priority: Int = 0) {
    self.priority = priority
    self.name = name
    self.segment = segment
    self.service = service
  }
}
