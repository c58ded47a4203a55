import Foundation
import Libssh2
import NIOCore
import NIOPosix
import Synchronization
import TestFleet
import Testing

@testable import SSH

/// A session that is with a thread, while its connection lives on. The calls wait at a gate instead of decrypting keys.
@Suite(.serialized) struct LoanTests {
  private let loop = MultiThreadedEventLoopGroup.singleton.next()

  /// A step that takes long, of a connection of its own, which `watch` sees.
  private func perform(
    _ watch: NIOLoopBound<Watch>, _ operation: @escaping @Sendable (inout Session) throws(SessionError) -> Poll<Int>
  ) -> Task<Int, any Error> {
    Task {
      try await Completion<Int>.value(on: loop, deadline: soon) { completion in
        do {
          let driver = ConnectionDriver(
            session: try Session(), transport: Nowhere(), host: "host", settings: SSHConnectionSettings(),
            eventLoop: loop)
          watch.value.driver = driver
          completion.onAbort { driver.end(nil) }
          driver.perform(.authentication, completion, takesLong: true, operation)
        } catch {
          completion.fail(SSHError(.failure, "\(error)"))
        }
      }
    }
  }

  private func watch() async throws -> NIOLoopBound<Watch> {
    try await loop.submit { [loop] in NIOLoopBound(Watch(), eventLoop: loop) }.get()
  }

  private func untilFreed(_ watch: NIOLoopBound<Watch>) async throws {
    try await until { try await loop.submit { watch.value.driver == nil }.get() }
  }

  @Test func bytesThatComeMeanwhileReachTheSessionAfterwards() async throws {
    let (watch, gate) = (try await watch(), Gate())
    let step = perform(watch) { session in
      let count = session.unreadCount
      gate.pass()
      return count > 0 ? .ready(count) : .again
    }
    try await gate.reached(1)
    try await loop.submit {
      #expect(watch.value.driver?.absence != nil)
      watch.value.driver?.transportReceived(ByteBuffer(string: "by"))
      watch.value.driver?.transportPaused()
      watch.value.driver?.transportReceived(ByteBuffer(string: "tes"))
      watch.value.driver?.transportPaused()
    }.get()
    gate.open()
    #expect(try await step.value == 5)
    try await untilFreed(watch)
  }

  @Test func aCallThatIsBackWithoutNewBytesIsNotRepeated() async throws {
    let (watch, gate) = (try await watch(), Gate())
    let step = perform(watch) { session in
      gate.pass()
      return session.unreadCount > 0 ? .ready(session.unreadCount) : .again
    }
    gate.open()
    try await gate.reached(1)
    try await until { try await loop.submit { watch.value.driver?.absence == nil }.get() }
    #expect(gate.count == 1)
    try await loop.submit {
      watch.value.driver?.transportReceived(ByteBuffer(string: "bytes"))
      watch.value.driver?.transportPaused()
    }.get()
    #expect(try await step.value == 5)
    #expect(gate.count == 2)
  }

  @Test func whoeverIsCancelledDoesNotWaitAndTheSessionOutlivesTheCall() async throws {
    let (watch, gate) = (try await watch(), Gate())
    let step = perform(watch) { session throws(SessionError) in
      gate.pass()
      _ = try session.handshake()
      return .ready(session.supported(.cipher).count)
    }
    try await gate.reached(1)
    step.cancel()
    #expect(try await failure { try await step.value }.code == .cancelled)
    try await loop.submit {
      #expect(watch.value.driver?.isClosed == true)
      watch.value.driver?.transportReceived(ByteBuffer(string: "late"))
      watch.value.driver?.transportEnded(nil)
      watch.value.driver?.close()
    }.get()
    gate.open()
    try await untilFreed(watch)
  }

  @Test func aGoodbyeDoesNotWaitEither() async throws {
    let (watch, gate) = (try await watch(), Gate())
    let step = perform(watch) { _ in
      gate.pass()
      return .ready(1)
    }
    try await gate.reached(1)
    try await loop.submit { watch.value.driver?.close() }.get()
    #expect(try await failure { try await step.value }.code == .connectionLost)
    gate.open()
    try await untilFreed(watch)
  }

  @Test func anEndThatComesMeanwhileIsSeenBehindTheBytesBeforeIt() async throws {
    let (watch, gate) = (try await watch(), Gate())
    let seen = Mutex<[Int]>([])
    let step = perform(watch) { session throws(SessionError) in
      gate.pass()
      seen.withLock { $0.append(session.unreadCount) }
      guard case .ready = try session.handshake() else { return .again }
      return .ready(1)
    }
    try await gate.reached(1)
    try await loop.submit {
      watch.value.driver?.transportReceived(ByteBuffer(string: "SSH-2.0-x\r\n"))
      watch.value.driver?.transportEnded("reset")
    }.get()
    gate.open()
    let error = try await failure { try await step.value }
    #expect(error.code == .unreachable && error.phase == .authentication, "\(error)")
    #expect(seen.withLock { $0.prefix(2) } == [0, 11])
    try await untilFreed(watch)
  }

  @Test func whatComesMeanwhileIsBounded() async throws {
    let (watch, gate) = (try await watch(), Gate())
    let step = perform(watch) { _ in
      gate.pass()
      return .again
    }
    try await gate.reached(1)
    try await loop.submit {
      let bytes = ByteBuffer(repeating: 0, count: 1 << 20)
      for _ in 0..<5 { watch.value.driver?.transportReceived(bytes) }
    }.get()
    #expect(try await failure { try await step.value }.code == .protocolViolation)
    gate.open()
    try await untilFreed(watch)
  }

  @Test func aCallThatWaitsForAThreadIsNotMadeForNobody() async throws {
    let gate = Gate()
    let threads = max(1, System.coreCount / 2)
    var others: [Task<Int, any Error>] = []
    for _ in 0..<threads {
      others.append(
        perform(try await watch()) { _ in
          gate.pass()
          return .ready(1)
        })
    }
    try await gate.reached(threads)
    let (watch, late) = (try await watch(), Gate())
    late.open()
    let step = perform(watch) { _ in
      late.pass()
      return .ready(1)
    }
    try await until { try await loop.submit { watch.value.driver != nil }.get() }
    step.cancel()
    #expect(try await failure { try await step.value }.code == .cancelled)
    gate.open()
    for other in others { #expect(try await other.value == 1) }
    try await untilFreed(watch)
    #expect(late.count == 0)
  }
}

/// Sees a connection without keeping it. Confined to its event loop.
private final class Watch {
  weak var driver: ConnectionDriver?
}

/// Takes everything and gives nothing. Confined to its event loop.
private final class Nowhere: ByteTransport {
  func send(_ bytes: ByteBuffer) {}
  func close() {}
  func acknowledgePromptly() {}
}

/// Holds the threads that come to it until it is opened. Sendable: state behind a lock.
private final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let passing = Mutex(0)

  /// Those that have come.
  var count: Int { passing.withLock { $0 } }

  func pass() {
    passing.withLock { $0 += 1 }
    semaphore.wait()
    semaphore.signal()
  }

  func open() { semaphore.signal() }

  func reached(_ count: Int) async throws { try await until { self.count >= count } }
}
