import Testing

@testable import MCP

struct JSONParserTests {
  @Test(
    arguments: [
      ("null", JSON.null), ("true", true), (" false ", false), ("0", 0), ("-0", -0.0), ("-1", -1), ("1E2", 100.0),
      ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
      ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1.0", 1.0), ("0.1e-1", 0.01), ("1e-400", 0.0),
      (#""""#, ""), (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"), (#""\u0000\u00e9\u20AC""#, "\u{0}é€"),
      (#""\uD83D\uDE00""#, "😀"), ("\"é😀\u{7F}\"", "é😀\u{7F}"), ("[]", []), ("[ ]", []), ("{}", [:]),
      ("\t[1 ,\r\n[2],{}]", [1, [2], [:]]), (#"{"":0}"#, ["": 0]),
      (#"{"a":{"b":[null]},"c":""}"#, ["a": ["b": [nil]], "c": ""]),
    ] as [(String, JSON)])
  func accepts(_ text: String, _ value: JSON) throws {
    #expect(try JSON(parsing: Array(text.utf8)) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "nulll", "True", "undefined", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".1", "1e", "1e+",
    "0x1",
    "1 2", "1,", "--1", "1.e1", "-a", "'a'", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\u\"",
    "\"a\nb\"", "\"\u{0}\"", "\"\t\"", "[", "]", "[1", "[1,", "[,1]", "[1,]", "[1 2]", "[1:2]", "{", "}", "{\"a\"",
    "{\"a\":",
    "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\",1}", "{\"a\":1 \"b\":2}", "{,}",
    "[1]]",
    "{}}", "// a\n1", "1 /* a */", "\u{FEFF}1", "[\u{A0}]", "\"a\" \"b\"", "tru\u{0}",
  ])
  func refusesSyntax(_ text: String) {
    #expect(code(Array(text.utf8)) == .syntax)
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0x80, 0x22],
    ] as [[UInt8]])
  func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
    #expect(code(bytes) == .invalidText)
  }

  @Test(arguments: [
    #""\uD800""#, #""\uDC00""#, #""\uD800x""#, #""\uD800\n""#, #""\uD800\uD800""#, #""\uDE00\uD83D""#,
    #""\ud800\u0041""#,
  ])
  func refusesHalvesOfSurrogatePairs(_ text: String) {
    #expect(code(Array(text.utf8)) == .invalidText)
  }

  @Test(arguments: [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"b":{"a":1,"c":2,"a":3}}"#])
  func refusesKeysThatStandTwice(_ text: String) {
    #expect(code(Array(text.utf8)) == .duplicateKey)
  }

  @Test(arguments: ["1e400", "-1e400", "[1e999]", String(repeating: "9", count: 400)])
  func refusesNumbersThatNoDoubleHolds(_ text: String) {
    #expect(code(Array(text.utf8)) == .numberOutOfRange)
  }

  @Test func boundsDepthAndSize() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    let bounds = JSONParser.Bounds(size: 64, depth: 8)
    _ = try JSON(parsing: nested(8), bounds: bounds)
    #expect(code(nested(9), bounds) == .tooDeep)
    #expect(code(nested(33), bounds) == .tooLarge)
    #expect(code(nested(100_000)) == .tooDeep)
    #expect(code(Array(String(repeating: "{\"a\":", count: 100_000).utf8)) == .tooDeep)
  }

  @Test func saysWhereItStopped() {
    #expect(throws: JSONError(code: .syntax, message: "expected ':'", offset: 5)) {
      try JSON(parsing: Array(#"{"a" 1}"#.utf8))
    }
  }

  private func code(_ bytes: [UInt8], _ bounds: JSONParser.Bounds = .init()) -> JSONError.Code? {
    do throws(JSONError) {
      _ = try JSON(parsing: bytes, bounds: bounds)
      return nil
    } catch { return error.code }
  }
}
