import Testing

@testable import Enrollment

@Suite struct JoinTokenTests {
  private let pin = AuthorityPin(bytes: (0..<32).map { UInt8($0) })

  @Test func theTextIsTheToken() throws {
    for _ in 0..<200 {
      let token = JoinToken(secret: TokenSecret(), pin: pin)
      #expect(token.text.utf8.count == 7 + 109)
      #expect(try JoinToken(token.text) == token)
      #expect(try JoinToken(" \t\(token.text)\r\n") == token)
    }
  }

  @Test func everyWrongCharacterIsNoticed() throws {
    let text = Array(JoinToken(secret: TokenSecret(), pin: pin).text)
    for index in text.indices {
      for other in "abz27A1-_ \u{E9}\0" where other != text[index] {
        var spoiled = text
        spoiled[index] = other
        let spoiledText = String(spoiled)
        #expect(refusal { _ = try JoinToken(spoiledText) } == .invalidToken)
      }
    }
  }

  @Test func swappedMissingAndAddedCharactersAreNoticed() throws {
    let text = Array(JoinToken(secret: TokenSecret(), pin: pin).text)
    for index in text.indices.dropLast() {
      var shorter = text
      shorter.remove(at: index)
      var longer = text
      longer.insert("a", at: index)
      var swapped = text
      swapped.swapAt(index, index + 1)
      for spoiled in [shorter, longer, swapped] where spoiled != text {
        let spoiledText = String(spoiled)
        #expect(refusal { _ = try JoinToken(spoiledText) } == .invalidToken)
      }
    }
  }

  @Test(arguments: ["", "scout1_", "scout2_a", String(repeating: "scout1_", count: 100_000), "\u{1F980}", " \n "])
  func otherTextsAreNoTokens(text: String) {
    #expect(refusal { _ = try JoinToken(text) } == .invalidToken)
  }

  @Test func randomTextIsNeverAToken() {
    let seed = UInt64.random(in: .min ... .max)
    var random = Seeded(seed)
    for _ in 0..<5000 {
      var text = String(decoding: random.bytes(Int.random(in: 0...150, using: &random)), as: UTF8.self)
      if Bool.random(using: &random) { text = "scout1_" + text }
      #expect(throws: EnrollmentError.self, "seed \(seed)") { try JoinToken(text) }
    }
  }

  /// What is logged or printed by mistake holds no secret.
  @Test func secretsAreNotDescribed() throws {
    let token = JoinToken(secret: TokenSecret(), pin: pin)
    var dumped = ""
    dump(token, to: &dumped)
    let some: Any = token
    for text in ["\(token)", String(reflecting: token), dumped, "\(some)"] {
      #expect(!text.contains("\(token.secret)"))
      #expect(!text.contains(token.text.suffix(109)))
      #expect(!text.contains("secret"))
    }
  }

  @Test(arguments: 0..<70)
  func base32HasOneSpelling(count: Int) {
    var random = Seeded(UInt64(count))
    let bytes = random.bytes(count)
    let text = Base32.text(bytes)
    #expect(Base32.bytes(text[...]) == bytes)
    #expect(Base32.bytes((text + "a")[...]) != bytes)
    if let last = text.last, count % 5 != 0 {
      // The bits after the last byte are zero in one spelling only.
      let others = "abcdefghijklmnopqrstuvwxyz234567".filter { $0 != last }
      #expect(others.allSatisfy { Base32.bytes((text.dropLast() + String($0))[...]) != bytes })
    }
  }

  @Test(
    arguments: [
      "", "sha256:", "sha256:00", "sha1:" + String(repeating: "0", count: 64), String(repeating: "0", count: 64),
      "sha256:" + String(repeating: "g", count: 64), "sha256:" + String(repeating: "0", count: 66),
    ])
  func otherPinsAreRefused(text: String) {
    #expect(refusal { _ = try AuthorityPin(text) } == .invalidPin)
  }

  @Test func aPinIsItsText() throws {
    #expect(try AuthorityPin(pin.text) == pin)
    #expect(try AuthorityPin("sha256:" + pin.text.dropFirst(7).uppercased()) == pin)
  }
}
