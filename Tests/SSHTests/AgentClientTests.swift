import Crypto
import Foundation
import NIOCore
import NIOPosix
import SSHConfig
import TestFleet
import Testing

@testable import SSH

/// A real ssh-agent with a socket of its own, ended by its process id.
private struct RealAgent {
  let folder: String
  private let processID: Int32

  var socket: String { folder + "/agent" }

  init() async throws {
    folder = NSTemporaryDirectory() + "scout-agent-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let (status, output) = try await programRun("/usr/bin/ssh-agent", ["-s", "-a", folder + "/agent"])
    try #require(status == 0, "\(output)")
    let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("SSH_AGENT_PID=") })
    processID = try #require(Int32(line.dropFirst(14).prefix { $0.isNumber }))
  }

  func stop() {
    // Not SIGTERM: the threads of a test may block it, and a child inherits that.
    kill(processID, SIGKILL)
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Makes a key, gives it to the agent, returns its public blob.
  func add(_ name: String, _ arguments: [String]) async throws -> [UInt8] {
    let path = folder + "/" + name
    let made = try await programRun("/usr/bin/ssh-keygen", ["-q", "-N", "", "-C", name, "-f", path] + arguments)
    try #require(made.status == 0, "\(made.output)")
    let added = try await programRun("/usr/bin/ssh-add", ["-q", path], environment: ["SSH_AUTH_SOCK": socket])
    try #require(added.status == 0, "\(added.output)")
    let words = try String(contentsOfFile: path + ".pub", encoding: .utf8).split(separator: " ")
    return Array(try #require(Data(base64Encoded: String(words[1]))))
  }
}

/// The fields of `string, string, ...`.
private func strings(_ bytes: [UInt8]) -> [[UInt8]] {
  var rest = bytes[...]
  var all: [[UInt8]] = []
  while rest.count >= 4 {
    let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    all.append(Array(rest.dropFirst(4).prefix(length)))
    rest = rest.dropFirst(4 + length)
  }
  return all
}

@Suite struct AgentClientTests {
  private let group = MultiThreadedEventLoopGroup.singleton

  @Test func listsAndSignsWithEveryKind() async throws {
    let real = try await RealAgent()
    defer { real.stop() }
    let ed25519 = try await real.add("first", ["-t", "ed25519"])
    let ecdsa = try await real.add("second", ["-t", "ecdsa", "-b", "256"])
    let rsa = try await real.add("third", ["-t", "rsa", "-b", "2048"])
    let agent = SSHAgent(path: real.socket, on: group)
    let identities = try await agent.identities()
    #expect(identities.map(\.blob) == [ed25519, ecdsa, rsa])
    #expect(identities.map(\.comment) == ["first", "second", "third"])

    let data = Array("what is to be signed".utf8)
    let signature = strings(try await agent.sign(blob: ed25519, data: data, flags: 0))
    #expect(signature.first == Array("ssh-ed25519".utf8))
    let key = try Curve25519.Signing.PublicKey(rawRepresentation: strings(ed25519)[1])
    #expect(key.isValidSignature(signature[1], for: data))

    #expect(strings(try await agent.sign(blob: ecdsa, data: data, flags: 0)).first == Array("ecdsa-sha2-nistp256".utf8))
    #expect(strings(try await agent.sign(blob: rsa, data: data, flags: 2)).first == Array("rsa-sha2-256".utf8))
    #expect(strings(try await agent.sign(blob: rsa, data: data, flags: 4)).first == Array("rsa-sha2-512".utf8))
  }

  @Test func manyQuestionsAtOnce() async throws {
    let real = try await RealAgent()
    defer { real.stop() }
    let blob = try await real.add("one", ["-t", "ed25519"])
    let agent = SSHAgent(path: real.socket, on: group)
    try await withThrowingTaskGroup(of: Int.self) { tasks in
      for number in 0..<50 {
        tasks.addTask { try await agent.sign(blob: blob, data: [UInt8(number)], flags: 0).count }
      }
      for try await count in tasks { #expect(count == 4 + 11 + 4 + 64) }
    }
  }

  @Test func anUnknownKeyIsRefused() async throws {
    let real = try await RealAgent()
    defer { real.stop() }
    let agent = SSHAgent(path: real.socket, on: group)
    #expect(try await agent.identities().isEmpty)
    let error = await #expect(throws: SSHError.self) {
      try await agent.sign(blob: [0, 0, 0, 1, 65], data: [1], flags: 0)
    }
    #expect(error?.code == .authFailed)
  }

  @Test func noAgent() async throws {
    let unset = SSHAgent(for: .environment, on: group, environment: [:])
    let error = await #expect(throws: SSHError.self) { try await unset?.identities() }
    #expect(error?.message.contains("SSH_AUTH_SOCK") == true)
    let dead = SSHAgent(for: .environment, on: group, environment: ["SSH_AUTH_SOCK": "/no/such/socket"])
    let absent = await #expect(throws: SSHError.self) { try await dead?.identities() }
    #expect(absent?.code == .authFailed)
    #expect(absent?.message.contains("/no/such/socket") == true)
    let long = SSHAgent(path: "/" + String(repeating: "x", count: 300), on: group)
    await #expect(throws: SSHError.self) { try await long.identities() }
    #expect(SSHAgent(for: .none, on: group) == nil)
  }

  @Test func tooMuchToSign() async throws {
    let agent = SSHAgent(path: "/no/such/socket", on: group)
    let error = await #expect(throws: SSHError.self) {
      try await agent.sign(blob: [1], data: Array(repeating: 0, count: AgentMessage.limit), flags: 0)
    }
    #expect(error?.code == .invalidArgument)
  }

  /// Answers that no agent gives: each is a clear error, none a wait or a trap.
  @Test(
    arguments: [
      ([0xFF, 0xFF, 0xFF, 0xFF, 12], SSHError.Code.protocolViolation), ([0, 0, 0, 0], .protocolViolation),
      ([0, 4, 0, 1], .protocolViolation), ([0, 0, 0, 1, 5], .authFailed), ([0, 0, 0, 1, 6], .protocolViolation),
      ([0, 0, 0, 5, 12, 0, 0, 0, 9], .protocolViolation), ([0, 0, 0, 5, 12, 0, 0], .authFailed), ([], .authFailed),
      ([0, 0, 0, 1, 5, 0], .protocolViolation),
    ] as [([UInt8], SSHError.Code)])
  func hostileAgents(_ answer: [UInt8], _ code: SSHError.Code) async throws {
    let fake = try await FakeAgent(answer: answer, closes: true)
    let error = await #expect(throws: SSHError.self) {
      try await SSHAgent(path: fake.socket, on: group).identities()
    }
    #expect(error?.code == code)
    try await fake.stop()
  }

  @Test func anAnswerByteByByte() async throws {
    let fake = try await FakeAgent(
      answer: [0, 0, 0, 14, 12, 0, 0, 0, 1, 0, 0, 0, 1, 7, 0, 0, 0, 0], closes: false, bytewise: true)
    #expect(try await SSHAgent(path: fake.socket, on: group).identities() == [AgentIdentity(blob: [7], comment: "")])
    try await fake.stop()
  }

  @Test func aSilentAgentIsGivenUp() async throws {
    let fake = try await FakeAgent(answer: [], closes: false)
    let error = await #expect(throws: SSHError.self) {
      try await SSHAgent(path: fake.socket, on: group, timeout: .milliseconds(50)).identities()
    }
    #expect(error?.code == .timeout)
    try await fake.stop()
  }

  @Test func cancellationEndsTheWait() async throws {
    let fake = try await FakeAgent(answer: [], closes: false)
    let agent = SSHAgent(path: fake.socket, on: group, timeout: .seconds(60))
    let task = Task { try await agent.identities() }
    task.cancel()
    let error = await #expect(throws: SSHError.self) { try await task.value }
    #expect(error?.code == .cancelled)
    try await fake.stop()
  }
}

/// Listens on a socket, sends the same bytes to whoever asks.
private struct FakeAgent {
  let socket: String
  private let channel: any Channel

  init(answer: [UInt8], closes: Bool, bytewise: Bool = false) async throws {
    let socket = NSTemporaryDirectory() + "fake-\(UUID().uuidString.prefix(8))"
    self.socket = socket
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).childChannelInitializer { child in
      child.eventLoop.makeCompletedFuture {
        try child.pipeline.syncOperations.addHandler(Answer(bytes: answer, closes: closes, bytewise: bytewise))
      }
    }.bind(unixDomainSocketPath: socket).get()
  }

  func stop() async throws {
    try await channel.close()
    try? FileManager.default.removeItem(atPath: socket)
  }

  private final class Answer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let bytes: [UInt8]
    private let closes: Bool
    private let bytewise: Bool

    init(bytes: [UInt8], closes: Bool, bytewise: Bool) {
      self.bytes = bytes
      self.closes = closes
      self.bytewise = bytewise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      for piece in bytewise ? bytes.map({ [$0] }) : [bytes] where !piece.isEmpty {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: piece)), promise: nil)
      }
      if closes { context.close(promise: nil) }
    }
  }
}
