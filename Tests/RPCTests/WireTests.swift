import HTTP2
import NIOCore
import Testing

@testable import RPC

@Suite struct WireTests {
  @Test(arguments: [
    ("plain text", "plain text"), ("100%", "100%25"), ("a\nb", "a%0Ab"), ("ü", "%C3%BC"), ("", ""), ("\u{7f}", "%7F"),
    ("日本", "%E6%97%A5%E6%9C%AC"),
  ])
  func percentEncoding(text: String, encoded: String) {
    #expect(PercentEncoding.encode(text) == encoded)
    #expect(PercentEncoding.decode(encoded) == text)
  }

  @Test(arguments: [
    ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("a%41%", "aA%"), ("%e2%82%ac", "€"), ("%ff", "\u{fffd}"),
  ])
  func percentDecodingNeverFails(encoded: String, text: String) {
    #expect(PercentEncoding.decode(encoded) == text)
  }

  @Test func percentEncodingCutsBetweenCharacters() {
    #expect(PercentEncoding.encode("aé", limit: 2) == "a")
    #expect(PercentEncoding.encode("aé", limit: 3) == "a%C3%A9")
    #expect(PercentEncoding.encode("日本", limit: 5) == "%E6%97%A5")
  }

  @Test(arguments: [
    (Duration.nanoseconds(1), "1n"), (.nanoseconds(99_999_999), "99999999n"), (.nanoseconds(100_000_001), "100001u"),
    (.seconds(1), "1000000u"), (.seconds(99), "99000000u"), (.seconds(100), "100000m"), (.seconds(99_999), "99999000m"),
    (.seconds(100_000), "100000S"), (.milliseconds(100_000_500), "100001S"), (.seconds(86_400 * 365 * 10), "87600H"),
    (.zero, "1n"), (.seconds(-5), "1n"), (.seconds(Int64.max / 2), "99999999H"),
  ])
  func timeoutIsWritten(timeout: Duration, text: String) {
    #expect(RPCTimeout.format(timeout) == text)
  }

  @Test(arguments: [
    ("1n", Duration.nanoseconds(1)), ("20u", .microseconds(20)), ("300m", .milliseconds(300)), ("4S", .seconds(4)),
    ("5M", .seconds(300)), ("6H", .seconds(21_600)), ("99999999H", .seconds(99_999_999 * 3_600)),
  ])
  func timeoutIsRead(text: String, timeout: Duration) {
    #expect(RPCTimeout.parse(text) == timeout)
  }

  @Test(arguments: ["", "n", "1", "1s", "123456789n", "-1S", "1.5S", "+1S", " 1S", "1nn", "١S"])
  func timeoutThatIsNoneIsRefused(text: String) {
    #expect(RPCTimeout.parse(text) == nil)
  }

  @Test func metadataKeepsTextAndBytes() {
    var metadata = RPCMetadata()
    metadata.add("a", "one")
    metadata.add("a", "two")
    metadata.add("odd", "tab\tü")
    for count in 0...4 { metadata.add("b\(count)-bin", bytes: Array(repeating: 0xff, count: count)) }
    #expect(metadata["a"] == "one")
    #expect(metadata["odd"] == "tab???")
    for count in 0...4 { #expect(metadata.bytes("b\(count)-bin") == Array(repeating: 0xff, count: count)) }
    #expect(metadata.bytes("missing-bin") == nil)
  }

  @Test func metadataReadsPaddedBytesAndLeavesTheWiresOwnFieldsOut() {
    let metadata = RPCMetadata(fields: [
      HTTP2Header(":path", "/x"), HTTP2Header("te", "trailers"), HTTP2Header("grpc-timeout", "1S"),
      HTTP2Header("content-type", "application/grpc"), HTTP2Header("user-agent", "x"), HTTP2Header("mine-bin", "/w=="),
      HTTP2Header("bad-bin", "***"),
    ])
    #expect(metadata.fields.map(\.name) == ["mine-bin", "bad-bin"])
    #expect(metadata.bytes("mine-bin") == [0xff])
    #expect(metadata.bytes("bad-bin") == nil)
  }

  @Test func frameHasPrefixAndLength() {
    var frame = FramedMessage(repeating: 0, count: 3)
    frame.withUnsafeMutableBytes { $0.copyBytes(from: [1, 2, 3]) }
    #expect(Array(frame.bytes.readableBytesView) == [0, 0, 0, 0, 3, 1, 2, 3])
    #expect(frame == FramedMessage(ByteBuffer(bytes: [1, 2, 3])))
    #expect(frame.withUnsafeBytes { Array($0) } == [1, 2, 3])
    #expect(FramedMessage(ByteBuffer()).count == 0)
  }
}
