import Testing

@testable import MCP

struct ReplayBufferTests {
  static func event(_ stream: UInt64, _ sequence: UInt64, size: Int = 1) -> ReplayBuffer.Event {
    ReplayBuffer.Event(id: EventID(stream: stream, sequence: sequence), bytes: Array(repeating: 0, count: size))
  }

  static func buffer(events: Int = 4, bytes: Int = 100) -> ReplayBuffer {
    ReplayBuffer(bounds: ReplayBuffer.Bounds(events: events, bytes: bytes))
  }

  @Test func repeatsOneStreamOnly() {
    var buffer = Self.buffer()
    for (stream, sequence) in [(1, 1), (2, 1), (1, 2)] as [(UInt64, UInt64)] {
      buffer.appended(Self.event(stream, sequence))
    }
    #expect(buffer.events(after: EventID(stream: 1, sequence: 0)) == [Self.event(1, 1), Self.event(1, 2)])
    #expect(buffer.events(after: EventID(stream: 2, sequence: 1)) == [])
    #expect(buffer.events(after: EventID(stream: 2, sequence: 2)) == nil)
    #expect(buffer.events(after: EventID(stream: 3, sequence: 0)) == nil)
  }

  @Test func aGapCannotBeResumed() {
    var buffer = Self.buffer(events: 2)
    for sequence in 1...4 as ClosedRange<UInt64> { buffer.appended(Self.event(1, sequence)) }
    #expect(buffer.events(after: EventID(stream: 1, sequence: 1)) == nil)
    #expect(buffer.events(after: EventID(stream: 1, sequence: 2))?.count == 2)
  }

  @Test func bytesAreBounded() {
    var buffer = Self.buffer(bytes: 10)
    buffer.appended(Self.event(1, 1, size: 6))
    buffer.appended(Self.event(1, 2, size: 6))
    #expect(buffer.byteCount == 6)
    buffer.appended(Self.event(1, 3, size: 11))
    #expect(buffer.byteCount == 11)
    #expect(buffer.events(after: EventID(stream: 1, sequence: 2))?.count == 1)
    buffer.skipped(EventID(stream: 1, sequence: 4))
    #expect(buffer.events(after: EventID(stream: 1, sequence: 2)) == nil)
    #expect(buffer.events(after: EventID(stream: 1, sequence: 4)) == [])
  }

  @Test func anEndedStreamIsForgottenWithItsLastEvent() {
    var buffer = Self.buffer(events: 1)
    buffer.opened(stream: 1)
    buffer.appended(Self.event(1, 1))
    buffer.ended(stream: 1)
    #expect(buffer.isEnded(stream: 1) && buffer.events(after: EventID(stream: 1, sequence: 1)) == [])
    buffer.appended(Self.event(2, 1))
    #expect(buffer.events(after: EventID(stream: 1, sequence: 1)) == nil)
    #expect(!buffer.isEnded(stream: 0) && buffer.isEnded(stream: 1))
  }

  @Test(
    arguments: [
      ("0-0", EventID(stream: 0, sequence: 0)), ("12-345", EventID(stream: 12, sequence: 345)), ("", nil), ("1", nil),
      ("1-", nil), ("-1", nil), ("1-2-3", nil), ("01-2", nil), ("+1-2", nil), ("1- 2", nil), ("a-b", nil),
      ("99999999999999999999-1", nil),
    ] as [(String, EventID?)])
  func eventIDs(_ text: String, _ id: EventID?) { #expect(EventID(text) == id) }
}
