import Testing

@testable import MCP

struct ByteSearchTests {
  @Test func findsWhatALoopFinds() {
    var random = SplitMix(state: 11)
    for _ in 0..<20_000 {
      let sought = UInt8.random(in: 0...255, using: &random)
      let limit = UInt8.random(in: 1...0x80, using: &random)
      // Neighbours of what is sought come often: they are what a carry would spoil.
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        switch Int.random(in: 0..<4, using: &random) {
        case 0: sought &+ UInt8.random(in: 0...2, using: &random) &- 1
        case 1: limit
        default: UInt8.random(in: 0x60...255, using: &random)
        }
      }
      let start = Int.random(in: 0...bytes.count, using: &random)
      bytes.withUnsafeBufferPointer { buffer in
        #expect(
          buffer.firstIndex(from: start) { $0.equal(to: sought) } == bytes[start...].firstIndex { $0 == sought })
        #expect(buffer.firstIndex(from: start) { $0.below(limit) } == bytes[start...].firstIndex { $0 < limit })
        #expect(
          buffer.firstIndex(from: start) { $0.below(limit) & ~$0.equal(to: sought) }
            == bytes[start...].firstIndex { $0 < limit && $0 != sought })
      }
    }
  }

  @Test func bytesBehindTheEndAreNotFound() {
    [UInt8](repeating: 1, count: 9).withUnsafeBufferPointer { buffer in
      #expect(buffer.firstIndex(from: 0) { $0.below(1) } == nil)
      #expect(buffer.firstIndex(from: 9) { $0.equal(to: 1) } == nil)
    }
  }
}
