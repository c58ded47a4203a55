import HTTP2
import NIOCore
import RPC
import SwiftProtobuf
import Testing

@testable import AgentAPI

/// What travels beside the messages comes back as it went.
@Suite struct ContractTests {
  private static func roundTrip(_ error: AgentError) -> AgentError {
    AgentError(RPCError(error), agent: "dc1 at 127.0.0.1:1", elapsed: .seconds(9))
  }

  @Test(arguments: FailureCode.allCases)
  func everyFailureComesBack(code: FailureCode) {
    for scope in AgentError.Scope.allCases {
      let bare = AgentError(
        code: code, message: "why: ü", elapsed: .seconds(9), mayHaveRun: scope == .host, scope: scope)
      #expect(Self.roundTrip(bare) == bare)
      let full = AgentError(
        code: code, message: "why", phase: "key exchange", elapsed: .milliseconds(1234), mayHaveRun: true,
        retryAfter: .milliseconds(250), scope: scope)
      #expect(Self.roundTrip(full) == full)
    }
  }

  @Test(arguments: [
    (FailureCode.notFound, RPCCode.notFound), (.unknownHost, .notFound), (.permissionDenied, .permissionDenied),
    (.timeout, .deadlineExceeded), (.overloaded, .resourceExhausted), (.unreachable, .unavailable),
    (.cancelled, .cancelled), (.hostKeyChanged, .failedPrecondition), (.lost, .aborted), (.internal, .internal),
  ])
  func failureHasItsStatus(code: FailureCode, status: RPCCode) {
    #expect(RPCError(AgentError(code: code, message: "")).code == status)
  }

  @Test(arguments: [
    (RPCError(.unavailable, "gone", mayHaveRun: true), FailureCode.lost, AgentError.Scope.agent),
    (RPCError(.unavailable, "gone", mayHaveRun: false), .unreachable, .agent),
    (RPCError(.deadlineExceeded, "late"), .timeout, .agent), (RPCError(.cancelled, "x"), .cancelled, .request),
    (RPCError(.resourceExhausted, "big"), .overloaded, .agent), (RPCError(.unimplemented, "no"), .internal, .agent),
    (RPCError(.invalidArgument, "bad"), .invalidArgument, .request), (RPCError(.dataLoss, "x"), .internal, .agent),
  ])
  func transportFailureIsTheAgentsAndNamesIt(error: RPCError, code: FailureCode, scope: AgentError.Scope) {
    let failure = AgentError(error, agent: "dc1 at 127.0.0.1:1", elapsed: .seconds(1))
    #expect(failure.code == code)
    #expect(failure.scope == scope)
    #expect(failure.mayHaveRun == error.mayHaveRun)
    #expect(code == .cancelled || failure.message.contains("dc1 at 127.0.0.1:1"))
    #expect(code != .timeout || failure.message.hasSuffix("; try this host alone, or with a larger timeout_ms"))
  }

  @Test func heartbeatComesBack() throws {
    var heartbeat = Heartbeat()
    heartbeat.draining = true
    heartbeat.connectLimitMs = 20_000
    #expect(try Heartbeat(serializedBytes: heartbeat.serializedBytes() as [UInt8]) == heartbeat)
    #expect(try heartbeat.jsonString() == #"{"draining":true,"connectLimitMs":20000}"#)
  }

  @Test func timingsComeBack() {
    let timings = CallTimings(
      host: .microseconds(1500), connect: .seconds(2), queue: .microseconds(3), poolHit: true)
    #expect(CallTimings(timings.metadata) == timings)
    #expect(CallTimings(RPCMetadata()) == CallTimings())
  }

  @Test func contextComesBack() {
    let context = CallContext(deadline: .now + .seconds(5), requestID: "r-1", principal: "Jürgen <j@x>")
    let call = RPCContext(path: "/x", metadata: context.metadata, deadline: context.deadline, peer: nil)
    #expect(CallContext(call, timeout: .seconds(1)) { "new" } == context)
  }

  @Test func contextThatIsMissingIsMadeUp() {
    let call = RPCContext(path: "/x", metadata: RPCMetadata(), deadline: nil, peer: nil)
    let before = ContinuousClock.now
    let context = CallContext(call, timeout: .seconds(30)) { "new" }
    #expect(context.requestID == "new")
    #expect(context.principal == "")
    #expect(context.deadline >= before + .seconds(30))
    #expect(RequestID.make().utf8.count == 16)
  }

  @Test func messageIsFramedInPlaceAndReadBack() throws {
    let request = ReadRequest.with {
      $0.host = "web1"
      $0.path = .init([0x2f, 0xff, 0x0a])
      $0.tail = 10
    }
    let frame = try request.framed()
    let plain: [UInt8] = try request.serializedBytes()
    #expect(frame.withUnsafeBytes { Array($0) } == plain)
    let message = frame.withUnsafeBytes { ByteBuffer(bytes: $0) }
    #expect(try ReadRequest(received: message) == request)
    #expect(try ReadRequest(received: ByteBuffer()) == ReadRequest())
  }

  @Test func bytesThatAreNoMessageAreRefused() {
    let failure = #expect(throws: RPCError.self) { try ReadRequest(received: ByteBuffer(bytes: [0xff, 0xff])) }
    #expect(failure?.code == .invalidArgument)
  }
}
