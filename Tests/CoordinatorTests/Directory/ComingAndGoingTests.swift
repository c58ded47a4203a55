import AgentAPI
import Logging
import MCP
import Telemetry
import Testing

@testable import Coordinator

/// Agents that are added to a directory, and removed from it, while it runs.
@Suite struct ComingAndGoingTests {
  private static let start = ContinuousClock.now

  private func link(_ name: String, _ agent: VirtualAgent = VirtualAgent()) -> AgentLink {
    AgentLink(name: name, segment: "dc1", service: agent)
  }

  private func inventory(_ hosts: String...) -> DescribeReply {
    var reply = DescribeReply()
    reply.segment = "elsewhere"
    reply.hosts = hosts.map { host in
      var info = HostInfo()
      info.alias = host
      return info
    }
    return reply
  }

  @Test func anAgentKeepsItsNumberAndForgetsItsLastStay() throws {
    var state = DirectoryState(links: [link("static")])
    let added = state.agentAdded(link("dc1/a"))
    let first = try #require(added)
    #expect(first == .init(agent: 1, number: 0) && state.isCurrent(first))
    let twice = [state.agentAdded(link("dc1/a")), state.agentAdded(link("static"))]
    #expect(twice == [nil, nil])
    state.inventoryReceived(inventory("web1"), from: 1, at: Self.start)
    // The segment is who the agent is, not what it says.
    #expect(state.roster.hosts.map(\.id) == [HostID(segment: "dc1", alias: "web1")])
    let removed = [state.agentRemoved(named: "dc1/a"), state.agentRemoved(named: "dc1/a")]
    #expect(removed == [1, nil])
    #expect(state.roster.hosts.isEmpty && !state.isCurrent(first) && !state.isHealthy(1, at: Self.start))
    #expect(state.unheard == 1 && state.roster.silent.map(\.name) == ["static"])
    let revived = state.agentAdded(link("dc1/a"))
    let second = try #require(revived)
    #expect(second == .init(agent: 1, number: 1) && state.isCurrent(second) && !state.isCurrent(first))
    #expect(state.agents[1].reply == nil && state.unheard == 2)
    #expect(DirectoryReport.agents(state, at: Self.start).map(\.name) == ["static", "dc1/a"])
  }

  @Test func agentsHaveABound() {
    var state = DirectoryState(links: [], mostAgents: 10)
    for index in 0..<10 {
      if state.agentAdded(link("dc1/a\(index)")) == nil { Issue.record("\(index)") }
      _ = state.agentRemoved(named: "dc1/a\(index)")
    }
    let (another, known) = (state.agentAdded(link("dc1/one-more")), state.agentAdded(link("dc1/a7")))
    #expect(another == nil && known != nil)
  }

  @Test func hostsComeAndGoWithTheirAgent() async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let directory = AgentDirectory(links: [], awaitsAgents: true, logger: logger)
    let core = CoordinatorCore(directory: directory, observer: CallObserver(metrics: nil, audit: nil))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await directory.run() }
      defer { group.cancelAll() }
      // A call that comes before the agent waits for it.
      async let early = core.call("read", ["target": "web1:/a"]).isError
      for round in 1...3 {
        let content = "round \(round)"
        let agent = VirtualAgent(segment: "said", hosts: [("web1", VirtualHost(["/a": content]))])
        #expect(directory.add(link("dc1/a", agent)))
        #expect(!directory.add(link("dc1/a", agent)))
        while directory.report().hosts.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        let outcome = try await core.call("read", ["target": "dc1/web1:/a"])
        #expect(outcome.structured?["groups"]?[0]?["content"]?.string == content)
        directory.remove(named: "dc1/a")
        #expect(directory.report().hosts.isEmpty && directory.report().agents.isEmpty)
        let gone = try await core.call("read", ["target": "dc1/web1:/a"])
        #expect(gone.isError)
      }
      _ = try await early
    }
  }

  @Test func anAgentThatJoinsAnotherServesTheSameHosts() async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let host = VirtualHost(["/a": "x"])
    let (one, two) = (VirtualAgent(hosts: [("web1", host)]), VirtualAgent(hosts: [("web1", host)]))
    let directory = AgentDirectory(links: [link("dc1/one", one)], logger: logger)
    let core = CoordinatorCore(directory: directory, observer: CallObserver(metrics: nil, audit: nil))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await directory.run() }
      defer { group.cancelAll() }
      #expect(directory.add(link("dc1/two", two)))
      while directory.report().hosts.first?.agents.count != 2 { try await Task.sleep(for: .milliseconds(2)) }
      for _ in 0..<50 { #expect(try await !core.call("read", ["target": "web1:/a"]).isError) }
      directory.remove(named: "dc1/two")
      for _ in 0..<10 { #expect(try await !core.call("read", ["target": "web1:/a"]).isError) }
    }
  }
}
