import ArgumentParser
import Coordinator

/// Looks at what was typed before anybody is asked, here or at a coordinator elsewhere: mistakes of usage end with 2. A namespace.
enum UsageCheck {
  /// HOST:/PATH each.
  static func paths(_ targets: [String]) throws { try all(targets) { _ = try Target.withPath($0) } }

  /// HOST each, without a path.
  static func hosts(_ targets: [String]) throws { try all(targets) { _ = try Target.hostOnly($0) } }

  /// A whole number within bounds, where there is one.
  static func number(_ flag: String, _ value: Int?, _ allowed: ClosedRange<Int>) throws {
    guard let value, !allowed.contains(value) else { return }
    throw ValidationError("\(flag) is a whole number from \(allowed.lowerBound) to \(allowed.upperBound), not \(value)")
  }

  /// One of some words, where there is one.
  static func word<Word: CaseIterable & RawRepresentable<String>>(_ flag: String, _ value: String?, _: Word.Type) throws
  {
    guard let value, Word(rawValue: value) == nil else { return }
    throw ValidationError("\(flag) is one of \(Word.allCases.map(\.rawValue).joined(separator: ", ")), not `\(value)`")
  }

  private static func all(_ targets: [String], _ parse: (String) throws -> Void) throws {
    for target in targets {
      do { try parse(target) } catch let error as TargetError { throw ValidationError(error.message) }
    }
  }
}
