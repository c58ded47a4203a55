import Testing

@testable import MCP

/// A JSON object beside a dictionary that is asked the same.
@Suite struct JSONObjectTests {
  @Test func doesAsADictionaryDoes() {
    var random = SplitMix(state: 7)
    for _ in 0..<200 {
      var object = JSONObject()
      var dictionary: [String: JSON] = [:]
      for _ in 0..<40 {
        let key = ["", "a", "b", "name", "a key of more than fifteen bytes", "é", "ö", "ö\u{0}"].randomElement(
          using: &random)!
        let value: JSON? =
          Int.random(in: 0..<4, using: &random) == 0 ? Optional.none : .int(.random(in: 0..<3, using: &random))
        object[key] = value
        dictionary[key] = value
        #expect(object[key] == dictionary[key])
      }
      #expect(object.count == dictionary.count && object.isEmpty == dictionary.isEmpty)
      #expect(Array(object.keys) == dictionary.keys.sorted())
      for (key, value) in object { #expect(dictionary[key] == value) }
      #expect(object == JSONObject(dictionary.map { ($0, $1) }))
      #expect(object.hashValue == JSONObject(dictionary.map { ($0, $1) }).hashValue)
    }
  }

  @Test func whatIsNotThereIsNoNull() {
    let object: JSONObject = ["null": .null, "b": 1]
    #expect(object["a"] == Optional.none && object["z"] == Optional.none)
    #expect(object["null"] == .some(.null))
    #expect(JSON.object(object)["a"] == Optional.none)
  }

  @Test func theLastOfEqualKeysStays() {
    #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)]) == ["a": 3, "b": 2])
    #expect((["a": 1, "a": 2] as JSONObject) == ["a": 2])
  }

  @Test func membersComeInAnyOrderOnce() throws {
    #expect(try JSONObject(distinct: [("b", 1), ("a", 2), ("c", 3)]) == ["a": 2, "b": 1, "c": 3])
    #expect(try JSONObject(distinct: []) == JSONObject())
    #expect(throws: JSONObject.DuplicateKey.self) { try JSONObject(distinct: [("a", 1), ("a", 1)]) }
    #expect(throws: JSONObject.DuplicateKey.self) { try JSONObject(distinct: [("a", 1), ("b", 1), ("a", 1)]) }
  }

  /// What some would call the same accent, others not: keys that differ in a byte are two.
  @Test func keysAreBytes() {
    let object: JSONObject = ["\u{E9}": 1, "e\u{301}": 2, "a\u{0}": 3, "a": 4]
    #expect(object.count == 4 && object["\u{E9}"] == 1 && object["e\u{301}"] == 2)
    #expect(object["a"] == 4 && object["a\u{0}"] == 3)
    #expect(object.keys.map { Array($0.utf8) } == [[0x61], [0x61, 0], Array("e\u{301}".utf8), Array("\u{E9}".utf8)])
  }
}
