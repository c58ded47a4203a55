import NIOCore
import Testing

@testable import RPC

@Suite struct ServerCallStateMachineTests {
  typealias Machine = ServerCallStateMachine<String, String>

  static let message = ByteBuffer(bytes: [1, 2, 3])
  static let frame = FramedMessage(message).bytes
  static let answer = ServerCall.Answer(message: FramedMessage(message), trailers: RPCMetadata())

  static func running() -> Machine {
    var machine = Machine(readsItself: false, maxMessageBytes: 100)
    _ = machine.dataReceived(frame, endStream: true)
    #expect(machine.handlerStarted() == true)
    #expect(machine.watched(by: "watcher") == nil)
    return machine
  }

  static func code(_ effects: Machine.Effects) -> RPCCode? {
    switch effects.finish {
    case .failure(let error): error.code
    case .success: .ok
    case nil: nil
    }
  }

  @Test(arguments: [1, 2, 3, 8])
  func handlerStartsWithTheWholeRequest(piece: Int) {
    var machine = Machine(readsItself: false, maxMessageBytes: 100)
    var consumed = 0
    for piece in MessageTests.pieces(Self.frame, of: piece) {
      let effects = machine.dataReceived(piece, endStream: false)
      #expect(!effects.startsHandler)
      consumed += effects.consumed
    }
    let effects = machine.dataReceived(ByteBuffer(), endStream: true)
    #expect(effects.startsHandler)
    #expect(consumed + effects.consumed == Self.frame.readableBytes)
    #expect(machine.handlerStarted() == true)
    #expect(machine.takeRequest() == Self.message)
    #expect(machine.takeRequest() == nil)
  }

  @Test func answerEndsTheCall() {
    var machine = Self.running()
    let effects = machine.handlerFinished(.success(Self.answer))
    #expect(Self.code(effects) == .ok)
    #expect(effects.watcher == "watcher")
    #expect(machine.isOver)
    #expect(machine.streamClosed().watcher == nil)
  }

  @Test(arguments: [[], [1, 1], [101]])
  func requestThatIsNotOneMessageNeverReachesTheHandler(sizes: [Int]) {
    var machine = Machine(readsItself: false, maxMessageBytes: 100)
    let effects = machine.dataReceived(MessageTests.frames(sizes), endStream: true)
    #expect(!effects.startsHandler)
    #expect(Self.code(effects) == (sizes == [101] ? .resourceExhausted : .internal))
    #expect(machine.handlerStarted() == false)
    // What follows holds the window: the client is not heard any more.
    #expect(machine.dataReceived(Self.frame, endStream: false).consumed == 0)
  }

  @Test func requestThatBreaksOffNeverReachesTheHandler() {
    var machine = Machine(readsItself: false, maxMessageBytes: 100)
    #expect(Self.code(machine.dataReceived(Self.frame.getSlice(at: 0, length: 6)!, endStream: true)) == .internal)
  }

  @Test func clientThatGoesStopsTheHandler() {
    var machine = Self.running()
    let effects = machine.streamClosed()
    #expect(effects.watcher == "watcher")
    #expect(effects.finish == nil)
    #expect(machine.handlerFinished(.success(Self.answer)).finish == nil)
  }

  @Test func clientThatWentBeforeTheHandlersTaskIsNotServed() {
    var machine = Machine(readsItself: false, maxMessageBytes: 100)
    _ = machine.dataReceived(Self.frame, endStream: true)
    _ = machine.streamClosed()
    #expect(machine.handlerStarted() == false)
  }

  @Test func deadlineStopsTheHandlerAndTakesItsOwnWords() {
    var machine = Self.running()
    let effects = machine.deadlinePassed()
    #expect(effects.watcher == "watcher")
    #expect(effects.rearmsDeadline)
    #expect(effects.finish == nil)
    #expect(machine.watched(by: "late") == "late")
    let end = machine.handlerFinished(.failure(RPCError(.deadlineExceeded, "the host did not answer")))
    #expect(end.finish == .failure(RPCError(.deadlineExceeded, "the host did not answer")))
  }

  @Test func deadlineTurnsAMereCancelIntoItself() {
    var machine = Self.running()
    _ = machine.deadlinePassed()
    #expect(Self.code(machine.handlerFinished(.failure(RPCError(.cancelled, "stopped")))) == .deadlineExceeded)
  }

  @Test func deadlineDoesNotWaitForAHandlerForever() {
    var machine = Self.running()
    _ = machine.deadlinePassed()
    #expect(Self.code(machine.deadlinePassed()) == .deadlineExceeded)
    #expect(machine.handlerFinished(.success(Self.answer)).finish == nil)
  }

  @Test func deadlineBeforeTheHandlerEndsTheCall() {
    var machine = Machine(readsItself: false, maxMessageBytes: 100)
    #expect(Self.code(machine.deadlinePassed()) == .deadlineExceeded)
  }

  @Test func readerGetsMessagesAndTheEnd() {
    var machine = Machine(readsItself: true, maxMessageBytes: 100)
    #expect(machine.handlerStarted() == true)
    #expect(machine.messageAwaited("reader").reader == nil)
    let first = machine.dataReceived(MessageTests.frames([1, 2]), endStream: false)
    #expect(first.reader?.delivery == .message(ByteBuffer(repeating: 0, count: 1)))
    #expect(first.consumed == 6)
    #expect(machine.messageAwaited("reader").reader?.delivery == .message(ByteBuffer(repeating: 1, count: 2)))
    #expect(machine.messageAwaited("reader").reader == nil)
    #expect(machine.requestEnded().reader?.delivery == .end)
    #expect(machine.messageAwaited("reader").reader?.delivery == .end)
  }

  @Test func readerLearnsOfABrokenRequestAfterWhatWasWhole() {
    var machine = Machine(readsItself: true, maxMessageBytes: 100)
    #expect(machine.handlerStarted() == true)
    _ = machine.dataReceived(MessageTests.frames([1]), endStream: false)
    _ = machine.dataReceived(MessageTests.frames([101]), endStream: false)
    #expect(machine.messageAwaited("reader").reader?.delivery == .message(ByteBuffer(repeating: 0, count: 1)))
    guard case .broken(let error) = machine.messageAwaited("reader").reader?.delivery else {
      Issue.record("not broken")
      return
    }
    #expect(error.code == .resourceExhausted)
  }

  @Test func readerIsReleasedByEveryEnd() {
    for end in 0..<3 {
      var machine = Machine(readsItself: true, maxMessageBytes: 100)
      #expect(machine.handlerStarted() == true)
      #expect(machine.messageAwaited("reader").reader == nil)
      let effects =
        switch end {
        case 0: machine.streamClosed()
        case 1: machine.deadlinePassed()
        default: machine.readerCancelled()
        }
      #expect(effects.reader?.waiter == "reader")
      #expect(effects.reader?.delivery == .over)
    }
  }
}
