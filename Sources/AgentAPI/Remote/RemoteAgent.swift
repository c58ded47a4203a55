package import Logging
package import NIOCore
package import RPC
import ServiceLifecycle

/// Sendable: its state is its link's. An agent that this side dials; `run` keeps the link.
///
/// A call that finds the link down waits for it, at most the connect timeout.
package final class RemoteAgent: LinkedAgent, Service {
  private let link: RemoteLink

  package init(
    target: AgentTarget, settings: LinkSettings = LinkSettings(), group: any EventLoopGroup, logger: Logger
  ) {
    link = RemoteLink(target: target, settings: settings, group: group, logger: logger)
  }

  package var target: AgentTarget { link.target }
  package var whereabouts: String { link.target.description }
  package var state: LinkState { link.linkState }

  /// The link's state now and at each change, the latest one only for a slow reader; ends with `run`.
  package func states() -> AsyncStream<LinkState> { link.states() }

  /// Keeps the link until graceful shutdown or cancellation. Once.
  package func run() async throws {
    await link.run()
  }

  package func client(deadline: ContinuousClock.Instant) async throws(AgentError) -> RPCClient {
    try await link.client(deadline: deadline)
  }

  package func watchingClient(deadline: ContinuousClock.Instant) async throws(AgentError) -> RPCClient {
    try await link.client(deadline: deadline, isUrgent: false)
  }
}
