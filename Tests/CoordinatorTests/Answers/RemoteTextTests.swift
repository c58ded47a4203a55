import FoundationEssentials
import Testing

@testable import Coordinator

@Suite struct RemoteTextTests {
  private func show(
    _ bytes: [UInt8], share: Int = 1000, keepEnd: Bool = false, isPart: Bool = false,
    _ encoding: ReadRequestOptions.Encoding = .auto
  ) -> RemoteText.Shown {
    // A slice: nothing may count on indices from 0.
    RemoteText.show(Data([0] + bytes).dropFirst(), share: share, keepEnd: keepEnd, isPart: isPart, encoding: encoding)
  }

  @Test func textIsText() {
    let shown = show(Array("héllo €".utf8))
    #expect(shown.content == "héllo €")
    #expect(shown.encoding == .text)
    #expect(shown.bytes == 0..<10)
  }

  /// Whoever goes on behind it must come further.
  @Test func lessThanACharacterIsShownAsBytes() {
    let half = Array("é".utf8.prefix(1))
    let shown = show(half, isPart: true)
    #expect(shown.encoding == .base64 && shown.bytes == 0..<1)
    let forced = show(half, isPart: true, .text)
    #expect(forced.content == "\u{FFFD}" && forced.bytes == 0..<1)
    #expect(show(Array("é".utf8), share: 1).bytes == 0..<1)
  }

  @Test func otherBytesAreBase64() {
    let shown = show([0xFF, 0x00, 0x01])
    #expect(shown.content == "/wAB")
    #expect(shown.encoding == .base64)
  }

  @Test(arguments: [1, 2, 3])
  func aCutCharacterIsLeftForLater(_ missing: Int) {
    let bytes = Array(Array("ab😀".utf8).dropLast(missing))
    #expect(show(bytes).encoding == .base64)
    let shown = show(bytes, isPart: true)
    #expect(shown.content == "ab")
    #expect(shown.bytes == 0..<2)
  }

  @Test func sharesCutAtCharacters() {
    let bytes = Array("ééé".utf8)
    #expect(show(bytes, share: 5).content == "éé")
    #expect(show(bytes, share: 5, keepEnd: true).content == "éé")
    #expect(show(bytes, share: 5, keepEnd: true).bytes == 2..<6)
  }

  /// The end of a file, cut by whoever sent it: a character may begin before it.
  @Test(arguments: [1, 2, 3])
  func aCharacterThatBeganEarlierIsLeftOut(_ missing: Int) {
    let bytes = Array(Array("😀ab".utf8).dropFirst(missing))
    #expect(show(bytes, keepEnd: true).encoding == .base64)
    let shown = show(bytes, keepEnd: true, isPart: true)
    #expect(shown.content == "ab" && shown.encoding == .text)
    #expect(shown.bytes == 4 - missing..<6 - missing)
  }

  @Test func base64FitsItsShare() {
    let shown = show([UInt8](repeating: 0xFF, count: 100), share: 41)
    #expect(shown.bytes == 0..<30)
    #expect(shown.content.utf8.count == 40)
    #expect(show([UInt8](repeating: 0xFF, count: 100), share: 41, keepEnd: true).bytes == 70..<100)
  }

  @Test func forcedTextSaysSo() {
    let shown = show([0x61, 0xE9, 0x62], .text)
    #expect(shown.content == "a\u{FFFD}b")
    #expect(shown.isRepaired)
    #expect(show(Array("abc".utf8), .base64).content == "YWJj")
  }
}
