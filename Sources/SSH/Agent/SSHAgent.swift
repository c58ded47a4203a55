import FoundationEssentials
package import NIOCore
import NIOPosix
package import SSHConfig

/// A client of an ssh-agent on its unix socket, one connection for each question. A value.
///
/// Source: draft-ietf-sshm-ssh-agent (OpenSSH's PROTOCOL.agent).
package struct SSHAgent: SSHAgentClient {
  private let group: any EventLoopGroup
  /// nil where SSH_AUTH_SOCK should tell and is not set.
  private let path: String?
  private let timeout: Duration

  /// - Parameters:
  ///   - path: of the socket.
  ///   - timeout: of one question, connect included; a key that asks its owner for confirmation needs some seconds.
  package init(path: String, on group: any EventLoopGroup, timeout: Duration = .seconds(10)) {
    self.init(socket: path, on: group, timeout: timeout)
  }

  /// nil for `IdentityAgent none`.
  package init?(
    for agent: IdentityAgent, on group: any EventLoopGroup, timeout: Duration = .seconds(10),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    switch agent {
    case .none: return nil
    case .path(let path): self.init(socket: path, on: group, timeout: timeout)
    case .environment:
      self.init(socket: environment["SSH_AUTH_SOCK"].flatMap { $0.isEmpty ? nil : $0 }, on: group, timeout: timeout)
    }
  }

  private init(socket: String?, on group: any EventLoopGroup, timeout: Duration) {
    path = socket
    self.group = group
    self.timeout = timeout
  }

  /// The keys that it holds, in its order.
  /// - Throws: `authFailed` when there is no agent or it refuses, `timeout`, `cancelled`, `protocolViolation`.
  package func identities() async throws(SSHError) -> [AgentIdentity] {
    try AgentMessage.identities(try await ask(AgentMessage.identitiesRequest()))
  }

  /// - Parameters:
  ///   - blob: of the public key, as `identities` gave it.
  ///   - flags: 2 for rsa-sha2-256, 4 for rsa-sha2-512, 0 for other keys.
  /// - Returns: the whole signature of RFC 4253 section 6.6: `string format, string blob`.
  /// - Throws: as `identities`; `invalidArgument` for data that no message can hold.
  package func sign(blob: [UInt8], data: [UInt8], flags: UInt32) async throws(SSHError) -> [UInt8] {
    let request = AgentMessage.signRequest(blob: blob, data: data, flags: flags)
    guard request.count <= AgentMessage.limit else {
      throw SSHError(.invalidArgument, "an ssh-agent signs at most \(AgentMessage.limit) bytes", phase: .authentication)
    }
    return try AgentMessage.signature(try await ask(request))
  }

  private func ask(_ request: [UInt8]) async throws(SSHError) -> [UInt8] {
    guard let path else {
      throw SSHError(
        .authFailed,
        "no ssh-agent: SSH_AUTH_SOCK is not set; start one (`eval $(ssh-agent)`), set IdentityAgent, or use a key file",
        phase: .authentication)
    }
    let loop = group.next()
    let reply = loop.makePromise(of: [UInt8].self)
    let limit = TimeAmount.nanoseconds(Int64(timeout / .nanoseconds(1)))
    do {
      let channel = try await ClientBootstrap(group: loop).connectTimeout(limit).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AgentExchange(request: request, reply: reply))
        }
      }.connect(unixDomainSocketPath: path).get()
      let clock = loop.scheduleTask(in: limit) {
        channel.pipeline.fireErrorCaught(Self.silence(path, timeout))
      }
      defer { clock.cancel() }
      return try await withTaskCancellationHandler {
        try await reply.futureResult.get()
      } onCancel: {
        channel.pipeline.fireErrorCaught(
          SSHError(.cancelled, "the question to the ssh-agent was cancelled", phase: .authentication))
      }
    } catch let error as SSHError {
      throw error
    } catch {
      // The handler may never have been added.
      reply.fail(error)
      throw Self.fault(error, path)
    }
  }

  private static func silence(_ path: String, _ timeout: Duration) -> SSHError {
    SSHError(
      .timeout,
      "the ssh-agent at \(path) did not answer within \(timeout): it may wait for a confirmation or be stopped; try `ssh-add -l`",
      phase: .authentication, elapsed: timeout)
  }

  private static func fault(_ error: any Error, _ path: String) -> SSHError {
    SSHError(
      .authFailed,
      "the ssh-agent at \(path) cannot be reached (\(error)): is it running? `ssh-add -l` tells; "
        + "mend SSH_AUTH_SOCK or IdentityAgent, or use a key file",
      phase: .authentication)
  }
}
