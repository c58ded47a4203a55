import MCP

/// Builds the flat JSON Schemas of the tools. Short on purpose: the whole list of tools is part of every client's context.
enum Schema {
  static func string(_ description: String) -> JSON { ["type": "string", "description": .string(description)] }
  static func strings(_ description: String) -> JSON {
    ["type": "array", "items": ["type": "string"], "description": .string(description)]
  }
  static func integer(_ description: String, _ bounds: ClosedRange<Int>? = nil, default value: Int? = nil) -> JSON {
    var schema: JSONObject = ["type": "integer", "description": .string(description)]
    if let bounds {
      schema["minimum"] = .int(Int64(bounds.lowerBound))
      if bounds.upperBound != .max { schema["maximum"] = .int(Int64(bounds.upperBound)) }
    }
    if let value { schema["default"] = .int(Int64(value)) }
    return .object(schema)
  }
  static func boolean(_ description: String) -> JSON { ["type": "boolean", "description": .string(description)] }
  static func word<Word: RawRepresentable<String> & CaseIterable>(_: Word.Type, default word: Word) -> JSON {
    ["type": "string", "enum": .array(Word.allCases.map { .string($0.rawValue) }), "default": .string(word.rawValue)]
  }

  static let paths: JSONObject = [
    "target": string(
      "host:/path or host:~/path; the host may be a pattern (web*, db[1-3], {a,b}, *), dc1/web1, or @label=value"),
    "targets": strings("Several targets"),
  ]
  static let hosts: JSONObject = [
    "target": string("Host, or pattern: web*, db[1-3], {a,b}, *, dc1/web1, @label=value"),
    "targets": strings("Several targets"),
  ]
  static func timeout(_ settings: CallSettings) -> JSON {
    integer(
      "For all hosts together",
      settings.timeoutBounds.lowerBound.wholeMilliseconds...settings.timeoutBounds.upperBound.wholeMilliseconds,
      default: settings.timeout.wholeMilliseconds)
  }

  static func input(_ properties: JSONObject, required: [JSON] = []) -> JSON {
    var schema: JSONObject = [
      "type": "object", "properties": .object(properties), "additionalProperties": false,
    ]
    if !required.isEmpty { schema["required"] = .array(required) }
    return .object(schema)
  }

  /// The answer of a tool that asks hosts: groups of `fields`, failures, summary.
  static func answer(_ fields: [(String, String)], required: [String]) -> JSON {
    var properties: JSONObject = ["hosts": ["type": "array", "items": ["type": "string"]]]
    for (name, type) in fields { properties[name] = ["type": .string(type)] }
    let group: JSON = [
      "type": "object", "properties": .object(properties),
      "required": .array((["hosts"] + required).map { .string($0) }),
    ]
    return [
      "type": "object",
      "properties": [
        "groups": ["type": "array", "items": group],
        "failures": ["type": "array", "items": ["type": "object", "required": ["host", "code", "message"]]],
        "summary": ["type": "object", "required": ["asked", "ok", "failed"]],
      ],
      "required": ["groups", "failures", "summary"],
    ]
  }
}
