import AgentAPI
import SSH

/// What lstat(2) or stat(2) says of a path, over SFTP. A value.
struct StatOperation: Sendable {
  let context: OperationContext
  let path: RemotePath
  let follow: Bool

  init(_ request: StatRequest, in context: OperationContext) throws(SSHError) {
    self.context = context
    path = try RemotePath(Array(request.path))
    follow = request.follow
  }

  func run() async throws -> (FileInfo, CallTimings) {
    let deadline = context.call.deadline
    return try await context.withFiles { lane in
      let attributes = try await lane.stat(path, followLinks: follow, deadline: deadline)
      var info = FileInfo(path: path, attributes: attributes)
      if attributes.kind == .symlink {
        info.linkTarget = .init(try await lane.readLink(path, deadline: deadline))
      }
      return info
    }
  }
}
