import HTTP2
import NIOCore
import Testing

@testable import RPC

@Suite struct ClientCallStateMachineTests {
  typealias Machine = ClientCallStateMachine<String>

  static let ok = [HTTP2Header("grpc-status", "0")]
  static let message = ByteBuffer(bytes: [1, 2, 3])
  static let frame = FramedMessage(message).bytes

  /// A call whose request is sent and whose caller waits.
  static func waiting(_ shape: ClientCall.Shape = .single, requestComplete: Bool = true) -> Machine {
    var machine = Machine(shape: shape, maxMessageBytes: 100)
    machine.streamOpened()
    if requestComplete { machine.requestCompleted() }
    #expect(machine.deliveryAwaited("caller").resume == nil)
    return machine
  }

  static func failure(_ effects: Machine.Effects) -> RPCError? {
    if case .failure(let error) = effects.resume?.delivery { error } else { nil }
  }

  @Test(arguments: [1, 2, 3, 8])
  func singleAnswerIsDeliveredAtItsEnd(piece: Int) throws {
    var machine = Self.waiting()
    #expect(machine.headReceived(ResponseFields.head, endStream: false).resume == nil)
    for piece in MessageTests.pieces(Self.frame, of: piece) {
      #expect(machine.dataReceived(piece, endStream: false).resume == nil)
    }
    let effects = machine.trailersReceived(Self.ok)
    #expect(effects.resume?.waiter == "caller")
    #expect(effects.resume?.delivery == .reply(RPCReply(message: Self.message, trailers: RPCMetadata())))
    #expect(effects.reset == nil)
    #expect(machine.streamClosed(nil).resume == nil)
  }

  @Test func streamIsDeliveredMessageByMessage() throws {
    var machine = Self.waiting(.stream)
    _ = machine.headReceived(ResponseFields.head, endStream: false)
    let first = machine.dataReceived(MessageTests.frames([1, 2]), endStream: false)
    #expect(first.resume?.delivery == .message(ByteBuffer(repeating: 0, count: 1)))
    #expect(first.consumed == 6)
    let second = machine.deliveryAwaited("caller")
    #expect(second.resume?.delivery == .message(ByteBuffer(repeating: 1, count: 2)))
    #expect(second.consumed == 7)
    #expect(machine.deliveryAwaited("caller").resume == nil)
    #expect(machine.trailersReceived(Self.ok).resume?.delivery == .end(RPCMetadata()))
  }

  @Test func messagesBeforeAFailureAreDelivered() throws {
    var machine = Machine(shape: .stream, maxMessageBytes: 100)
    machine.streamOpened()
    machine.requestCompleted()
    _ = machine.headReceived(ResponseFields.head, endStream: false)
    _ = machine.dataReceived(Self.frame, endStream: false)
    _ = machine.trailersReceived([HTTP2Header("grpc-status", "8")])
    #expect(machine.takeDelivery()?.delivery == .message(Self.message))
    guard case .failure(let error) = machine.takeDelivery()?.delivery else {
      Issue.record("no failure")
      return
    }
    #expect(error.code == .resourceExhausted)
  }

  @Test func trailersOnlyIsTheWholeAnswer() {
    var machine = Self.waiting()
    let effects = machine.headReceived(ResponseFields.trailersOnly(RPCError(.notFound, "no")), endStream: true)
    #expect(Self.failure(effects)?.code == .notFound)
    #expect(Self.failure(effects)?.message == "no")
  }

  @Test func answerBeforeTheRequestsEndResetsTheStream() {
    var machine = Self.waiting(requestComplete: false)
    _ = machine.headReceived(ResponseFields.head, endStream: false)
    _ = machine.dataReceived(Self.frame, endStream: false)
    #expect(machine.trailersReceived(Self.ok).reset == .cancel)
  }

  @Test(arguments: [true, false])
  func answerWithoutExactlyOneMessageIsBroken(none: Bool) {
    var machine = Self.waiting()
    _ = machine.headReceived(ResponseFields.head, endStream: false)
    let effects =
      none ? machine.trailersReceived(Self.ok) : machine.dataReceived(MessageTests.frames([1, 1]), endStream: false)
    #expect(Self.failure(effects)?.code == .internal)
  }

  @Test func answerThatBreaksOffIsBroken() {
    var inMessage = Self.waiting()
    _ = inMessage.headReceived(ResponseFields.head, endStream: false)
    _ = inMessage.dataReceived(Self.frame.getSlice(at: 0, length: 6)!, endStream: false)
    #expect(Self.failure(inMessage.trailersReceived(Self.ok))?.code == .internal)

    var withoutTrailers = Self.waiting()
    _ = withoutTrailers.headReceived(ResponseFields.head, endStream: false)
    #expect(Self.failure(withoutTrailers.dataReceived(Self.frame, endStream: true))?.code == .internal)

    var withoutAnything = Self.waiting()
    #expect(Self.failure(withoutAnything.streamClosed(nil))?.code == .unknown)
  }

  @Test func brokenAnswerResetsTheStream() {
    var machine = Self.waiting()
    _ = machine.headReceived(ResponseFields.head, endStream: false)
    let effects = machine.dataReceived(ByteBuffer(bytes: [0, 0, 0, 0, 101]), endStream: false)
    #expect(Self.failure(effects)?.code == .resourceExhausted)
    #expect(effects.reset == .cancel)
    // What still comes is given back and changes nothing.
    #expect(machine.dataReceived(Self.frame, endStream: false).consumed == 8)
    #expect(machine.trailersReceived(Self.ok).resume == nil)
  }

  @Test func callNeverSentHasNotRun() {
    var cancelled = Machine(shape: .single, maxMessageBytes: 100)
    _ = cancelled.deliveryAwaited("caller")
    let effects = cancelled.callerCancelled()
    #expect(Self.failure(effects)?.code == .cancelled)
    #expect(Self.failure(effects)?.mayHaveRun == false)
    #expect(effects.reset == nil)
    #expect(!cancelled.wantsStream)

    var late = Machine(shape: .single, maxMessageBytes: 100)
    _ = late.deliveryAwaited("caller")
    #expect(Self.failure(late.deadlinePassed())?.mayHaveRun == false)
  }

  @Test func deadlineAndCancelResetTheStreamAndDropWhatCame() {
    for isDeadline in [true, false] {
      var machine = Machine(shape: .stream, maxMessageBytes: 100)
      machine.streamOpened()
      machine.requestCompleted()
      _ = machine.headReceived(ResponseFields.head, endStream: false)
      _ = machine.dataReceived(Self.frame, endStream: false)
      let effects = isDeadline ? machine.deadlinePassed() : machine.callerCancelled()
      #expect(effects.reset == .cancel)
      guard case .failure(let error) = machine.takeDelivery()?.delivery else {
        Issue.record("no failure")
        return
      }
      #expect(error.code == (isDeadline ? .deadlineExceeded : .cancelled))
      #expect(error.mayHaveRun)
    }
  }

  @Test func lostStreamIsItsErrors() {
    var machine = Self.waiting()
    let refused = HTTP2Error(.refusedStream, "refused", scope: .stream, maybeProcessed: false)
    #expect(Self.failure(machine.streamClosed(RPCError(refused)))?.mayHaveRun == false)
  }
}
