import AgentAPI

/// What routing wants to know of a host that an agent reports. A value.
struct ReportedHost: Sendable, Hashable {
  let alias: String
  /// The agent holds a connection to it; nil: the report does not say.
  let isConnected: Bool?

  /// Of a report that says nothing of connections.
  init(alias: String) {
    self.alias = alias
    isConnected = nil
  }

  /// - Parameter version: the protocol's, that the agent speaks: 1 knows nothing of connections.
  init(_ info: HostInfo, version: UInt32) {
    alias = info.alias
    isConnected = version >= 2 ? info.state.connected : nil
  }
}
