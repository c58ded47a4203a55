import NIOCore
import Testing

@testable import RPC

@Suite struct MessageTests {
  static func frames(_ sizes: [Int]) -> ByteBuffer {
    var bytes = ByteBuffer()
    for (index, size) in sizes.enumerated() {
      bytes.writeImmutableBuffer(FramedMessage(ByteBuffer(repeating: UInt8(index), count: size)).bytes)
    }
    return bytes
  }

  /// The bytes in pieces of `size`.
  static func pieces(_ bytes: ByteBuffer, of size: Int) -> [ByteBuffer] {
    var rest = bytes
    var pieces: [ByteBuffer] = []
    while rest.readableBytes > 0 { pieces.append(rest.readSlice(length: min(size, rest.readableBytes))!) }
    return pieces
  }

  @Test(arguments: [1, 2, 3, 5, 7, 64, 100_000], [[0], [3], [0, 0, 1], [5, 70_000, 0, 2], []])
  func messagesComeOutAsTheyWentIn(piece: Int, sizes: [Int]) throws {
    var deframer = MessageDeframer(maxMessageBytes: 1 << 20)
    var messages: [ByteBuffer] = []
    for piece in Self.pieces(Self.frames(sizes), of: piece) {
      deframer.append(piece)
      while let message = try deframer.next() { messages.append(message) }
    }
    #expect(messages.map(\.readableBytes) == sizes)
    #expect(
      messages.enumerated().allSatisfy { index, message in message.readableBytesView.allSatisfy { $0 == UInt8(index) } }
    )
    #expect(deframer.pendingBytes == 0)
  }

  @Test(arguments: [
    ([1, 0, 0, 0, 0] as [UInt8], RPCCode.unimplemented), ([1], .unimplemented), ([7], .unimplemented),
    ([0, 0, 0, 0, 101], .resourceExhausted), ([0, 0xff, 0xff, 0xff, 0xff], .resourceExhausted),
  ])
  func whatIsNoMessageIsRefusedAtItsPrefix(bytes: [UInt8], code: RPCCode) {
    var deframer = MessageDeframer(maxMessageBytes: 100)
    deframer.append(ByteBuffer(bytes: bytes))
    do {
      _ = try deframer.next()
      Issue.record("it was taken")
    } catch {
      #expect(error.code == code)
    }
  }

  @Test(arguments: [1, 2, 3, 6, 11, 100_000])
  func eachByteIsGivenBackOnce(piece: Int) throws {
    let bytes = Self.frames([4, 0, 30, 2000])
    var inbox = MessageInbox(maxMessageBytes: 1 << 20)
    var atOnce = 0
    for piece in Self.pieces(bytes, of: piece) { atOnce += try inbox.received(piece) }
    #expect(inbox.count == 4)
    var later = 0
    while let item = inbox.take() { later += item.credit }
    #expect(atOnce + later == bytes.readableBytes)
    #expect(inbox.incompleteBytes == 0)
  }

  @Test func messageLongerThanTheWindowOpensItAsItComes() throws {
    var inbox = MessageInbox(maxMessageBytes: 1 << 20)
    var frame = FramedMessage(ByteBuffer(repeating: 1, count: 1000)).bytes
    #expect(try inbox.received(frame.readSlice(length: 600)!) == 600)
    #expect(try inbox.received(frame.readSlice(length: 400)!) == 400)
    #expect(inbox.count == 0)
    #expect(inbox.incompleteBytes == 1000)
    #expect(try inbox.received(frame) == 0)
    #expect(inbox.take()?.credit == 5)
  }

  @Test func unfinishedMessageHoldsTheWindowWhileAWholeOneWaits() throws {
    var inbox = MessageInbox(maxMessageBytes: 1 << 20)
    var bytes = Self.frames([10, 100])
    #expect(try inbox.received(bytes.readSlice(length: 50)!) == 0)
    #expect(try inbox.received(bytes.readSlice(length: 20)!) == 0)
    #expect(inbox.take()?.credit == 15 + 55)
    #expect(try inbox.received(bytes.readSlice(length: 20)!) == 20)
    #expect(try inbox.received(bytes) == 0)
    #expect(inbox.take()?.credit == 30)
  }

  @Test func wholeMessagesHoldTheWindowUntilTheyAreTaken() throws {
    var inbox = MessageInbox(maxMessageBytes: 100)
    #expect(try inbox.received(Self.frames([10, 20])) == 0)
    #expect(inbox.take()?.credit == 15)
    #expect(inbox.take()?.credit == 25)
    #expect(inbox.take() == nil)
  }

  @Test func sendersWaitAtTheLimitAndGoOnWhenItWasSent() {
    var outbox = MessageOutbox<String>(limit: 100)
    let small = FramedMessage(ByteBuffer(repeating: 0, count: 45))
    #expect(outbox.offered(small) == .queued(flush: true, wait: false))
    #expect(outbox.offered(small) == .queued(flush: false, wait: true))
    #expect(outbox.senderWaits(1, "first") == true)
    #expect(outbox.senderWaits(2, "second") == true)
    #expect(outbox.senderCancelled(1) == "first")
    #expect(outbox.senderCancelled(1) == nil)
    let batch = outbox.flushing()
    #expect(batch.messages.count == 2)
    #expect(!batch.isLast)
    #expect(outbox.flushed(isWritable: true) == ["second"])
    #expect(outbox.senderWaits(3, "third") == false)
  }

  @Test func sendersWaitWhileTheStreamIsFull() {
    var outbox = MessageOutbox<String>(limit: 100)
    let message = FramedMessage(ByteBuffer(repeating: 0, count: 1))
    #expect(outbox.offered(message) == .queued(flush: true, wait: false))
    _ = outbox.flushing()
    #expect(outbox.flushed(isWritable: false) == [])
    #expect(outbox.offered(message) == .queued(flush: true, wait: true))
    #expect(outbox.senderWaits(1, "first") == true)
    _ = outbox.flushing()
    #expect(outbox.flushed(isWritable: false) == [])
    #expect(outbox.becameWritable() == ["first"])
  }

  @Test func lastMessageEndsTheStreamAndNothingFollows() {
    var outbox = MessageOutbox<String>()
    let message = FramedMessage(ByteBuffer())
    #expect(outbox.finished(with: message) == true)
    #expect(outbox.offered(message) == .closed)
    #expect(outbox.finished() == false)
    let batch = outbox.flushing()
    #expect(batch.messages.count == 1)
    #expect(batch.isLast)
  }

  @Test func closingReleasesTheSenders() {
    var outbox = MessageOutbox<String>(limit: 1)
    #expect(outbox.offered(FramedMessage(ByteBuffer())) == .queued(flush: true, wait: true))
    #expect(outbox.senderWaits(1, "first") == true)
    #expect(outbox.closed() == ["first"])
    #expect(outbox.senderWaits(2, "second") == false)
    #expect(outbox.offered(FramedMessage(ByteBuffer())) == .closed)
  }

  @Test func queueKeepsTheOrderAndItsBound() {
    var queue = CallQueue<Int>(limit: 3)
    let taken = [1, 2, 3, 4].map { queue.append($0, isWaiting: { _ in true }) }
    #expect(taken == [true, true, true, false])
    #expect(queue.first == 1)
    queue.removeFirst()
    #expect(queue.append(5, isWaiting: { _ in true }) == true)
    // The places of calls that gave up are free.
    #expect(queue.append(6, isWaiting: { $0 != 3 }) == true)
    var left: [Int] = []
    while let call = queue.first {
      left.append(call)
      queue.removeFirst()
    }
    #expect(left == [2, 5, 6])
    #expect(queue.isEmpty)
  }
}
