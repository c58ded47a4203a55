import Synchronization

/// The agents' links by their numbers, which never change: agents that dial in come at the end. Sendable: state behind a lock.
package final class LinkTable: Sendable {
  private let links: Mutex<[AgentLink]>

  init(_ links: [AgentLink]) {
    self.links = Mutex(links)
  }

  package subscript(agent: Int) -> AgentLink { links.withLock { $0[agent] } }

  package var count: Int { links.withLock { $0.count } }

  /// `agent` is a number that was in use before, or the next.
  func put(_ link: AgentLink, at agent: Int) {
    links.withLock { links in
      if agent < links.count { links[agent] = link } else { links.append(link) }
    }
  }
}
