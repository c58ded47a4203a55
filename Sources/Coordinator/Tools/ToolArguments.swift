import AgentAPI
import MCP

/// The arguments of one call, taken out one by one and checked. A value.
///
/// Whatever is wrong is a `TargetError` whose message names the argument, the value and what is allowed.
struct ToolArguments {
  let tool: String
  private let values: JSONObject

  /// - Parameter known: every name that the tool takes.
  init(_ values: JSONObject, tool: String, known: [String]) throws(TargetError) {
    self.tool = tool
    self.values = values
    let unknown = values.keys.filter { !known.contains($0) }.sorted()
    guard let first = unknown.first else { return }
    let names = unknown.map { "'\(ReadableText.shortened(ReadableText.escaped($0), limit: 64))'" }
    var message =
      "Unknown argument\(unknown.count > 1 ? "s" : "") \(names.prefix(8).joined(separator: ", ")) of \(tool)."
    if let near = NearestNames.of(first, in: known, count: 1).first { message += " Did you mean '\(near)'?" }
    throw TargetError(message + " It takes: \(known.joined(separator: ", ")).")
  }

  func string(_ name: String) throws(TargetError) -> String? {
    guard let value = value(name) else { return nil }
    guard let text = value.string else { throw wrong(name, value, "a string") }
    return text
  }

  func boolean(_ name: String) throws(TargetError) -> Bool? {
    guard let value = value(name) else { return nil }
    guard let flag = value.bool else { throw wrong(name, value, "true or false") }
    return flag
  }

  func integer(_ name: String, in bounds: ClosedRange<Int>) throws(TargetError) -> Int? {
    guard let value = value(name) else { return nil }
    // Some clients send numbers as strings.
    guard let number = value.integer.map(Int.init) ?? value.string.flatMap({ Int($0) }) else {
      throw wrong(name, value, "a whole number")
    }
    guard bounds.contains(number) else {
      let allowed =
        bounds.upperBound == .max ? "at least \(bounds.lowerBound)" : "\(bounds.lowerBound)-\(bounds.upperBound)"
      throw TargetError("\(name) must be \(allowed), got \(number)")
    }
    return number
  }

  func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _: Word.Type) throws(TargetError) -> Word? {
    guard let text = try string(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      throw wrong(name, .string(text), "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return word
  }

  func strings(_ name: String, limit: Int) throws(TargetError) -> [String]? {
    guard let value = value(name) else { return nil }
    guard let items = value.array else { throw wrong(name, value, "a list of strings") }
    guard items.count <= limit else { throw TargetError("\(name) has \(items.count) items, at most \(limit)") }
    var strings: [String] = []
    for item in items {
      guard let text = item.string else { throw wrong(name, item, "a list of strings") }
      strings.append(text)
    }
    return strings
  }

  /// An argv list, or one line that is split without a shell.
  func command(_ name: String) throws(TargetError) -> [String] {
    guard let value = value(name) else { throw TargetError("\(tool) needs \(name): a list of words, or one line") }
    guard let line = value.string else {
      guard value.array != nil else { throw wrong(name, value, "a list of words, or one line") }
      return try strings(name, limit: 1000) ?? []
    }
    do throws(CommandLine.SplitError) {
      return try CommandLine.split(line)
    } catch {
      throw TargetError("\(error.message) (at character \(error.offset + 1) of \(name))")
    }
  }

  /// `target` and `targets` together.
  func targets(_ parse: (String) throws(TargetError) -> Target) throws(TargetError) -> [Target] {
    var texts: [String] = []
    if let target = try string("target") { texts.append(target) }
    texts += try strings("targets", limit: 1000) ?? []
    guard !texts.isEmpty else { throw TargetError("\(tool) needs target (one) or targets (a list)") }
    var targets: [Target] = []
    for text in texts { targets.append(try parse(text)) }
    return targets
  }

  func timeout() throws(TargetError) -> Duration? {
    try integer("timeout_ms", in: 0...Int(Int32.max)).map { .milliseconds($0) }
  }

  /// An explicit null is as good as nothing.
  func value(_ name: String) -> JSON? {
    guard let value = values[name], !value.isNull else { return nil }
    return value
  }

  func wrong(_ name: String, _ value: JSON, _ expected: String) -> TargetError {
    let shown = ReadableText.shortened(String(decoding: value.serialized(), as: UTF8.self), limit: 80)
    return TargetError("\(name) must be \(expected), got \(shown)")
  }
}
