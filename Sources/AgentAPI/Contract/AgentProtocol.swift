/// The names and numbers of the protocol that Protocol/README.md fixes. A namespace.
package enum AgentProtocol {
  /// What `DescribeReply.protocol_version` says of this build.
  package static let version: UInt32 = 2
  package static let service = "scout.agent.v1.Agent"
  static let healthService = "grpc.health.v1.Health"

  /// What a call without `grpc-timeout` gets; `Watch` and health get `unbounded`.
  static let defaultTimeout: Duration = .seconds(30)
  static let unbounded: Duration = .seconds(365 * 86_400)

  static let describe = "/scout.agent.v1.Agent/Describe"
  static let watch = "/scout.agent.v1.Agent/Watch"
  static let stat = "/scout.agent.v1.Agent/Stat"
  static let read = "/scout.agent.v1.Agent/Read"
  static let list = "/scout.agent.v1.Agent/List"
  static let run = "/scout.agent.v1.Agent/Run"
  static let healthCheck = "/grpc.health.v1.Health/Check"
  static let healthWatch = "/grpc.health.v1.Health/Watch"
}
