import Testing

@testable import MCP

struct JSONWriterTests {
  @Test(
    arguments: [
      (JSON.null, "null"), (true, "true"), (.int(.min), "-9223372036854775808"), (.int(.max), "9223372036854775807"),
      (1.0, "1.0"), (0.1, "0.1"), (1e300, "1e+300"), (.double(.leastNonzeroMagnitude), "5e-324"), (-0.0, "-0.0"),
      (.double(.nan), "null"),
      (.double(.infinity), "null"), ("", #""""#), ("a/é😀\u{7F}\u{2028}", "\"a/é😀\u{7F}\u{2028}\""),
      ("\"\\\n\r\t\u{8}\u{C}\u{0}\u{1B}\u{1F}", #""\"\\\n\r\t\b\f\u0000\u001b\u001f""#), ([], "[]"),
      ([1, [], "x"], #"[1,[],"x"]"#),
      ([:], "{}"), (["b": 1, "a": [2], "é": nil, "B": 3], #"{"B":3,"a":[2],"b":1,"é":null}"#),
      ("a\nb\nc\n", #""a\nb\nc\n""#),
    ] as [(JSON, String)])
  func writes(_ value: JSON, _ text: String) {
    #expect(String(decoding: value.serialized(), as: UTF8.self) == text)
  }

  @Test func whatIsWrittenReadsBackTheSame() throws {
    var random = SplitMix(state: 42)
    for _ in 0..<3_000 {
      let value = Self.value(depth: 4, &random)
      let bytes = value.serialized()
      #expect(try JSON(parsing: bytes) == value)
      #expect(try JSON(parsing: bytes).serialized() == bytes)
    }
  }

  /// Text of every length, with escapes in every place: more than there was room made for, too.
  @Test func longTextReadsBackTheSame() throws {
    var random = SplitMix(state: 3)
    for length in 0..<400 {
      for share in [0, 9, 2, 1] {
        let bytes = (0..<length).map { _ in
          share > 0 && Int.random(in: 0..<share, using: &random) == 0
            ? [0x00, 0x0A, 0x1F, 0x22, 0x5C].randomElement(using: &random)!
            : UInt8.random(in: 0x20...0x7F, using: &random)
        }
        let value = JSON.string(String(decoding: bytes, as: UTF8.self))
        #expect(try JSON(parsing: value.serialized()) == value)
      }
    }
  }

  @Test func damagedTextNeverTraps() {
    var random = SplitMix(state: 7)
    for _ in 0..<5_000 {
      var bytes = Self.value(depth: 3, &random).serialized()
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        }
      }
      guard let value = try? JSON(parsing: bytes) else { continue }
      #expect((try? JSON(parsing: value.serialized())) == value)
    }
  }

  private static func value(depth: Int, _ random: inout SplitMix) -> JSON {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .int(Int64(bitPattern: random.next()) >> Int64.random(in: 0...63, using: &random))
    case 3:
      let value = Double(bitPattern: random.next())
      return .double(value.isFinite ? value : 0.5)
    case 4, 5: return .string(text(&random))
    case 6: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth - 1, &random) })
    default:
      var members: JSONObject = [:]
      for _ in 0..<Int.random(in: 0...4, using: &random) { members[text(&random)] = value(depth: depth - 1, &random) }
      return .object(members)
    }
  }

  private static func text(_ random: inout SplitMix) -> String {
    let scalars = (0..<Int.random(in: 0...12, using: &random)).map { _ -> Unicode.Scalar in
      let bound: UInt32 = [0x20, 0x80, 0x800, 0x1_0000, 0x11_0000][Int.random(in: 0..<5, using: &random)]
      return Unicode.Scalar(UInt32.random(in: 0..<bound, using: &random)) ?? "\""
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
