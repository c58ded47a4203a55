import Crypto

/// A key that opens the HTTP front door. A value; holds the key's digest only, so nothing can print the key.
package struct APIKey: Sendable, Hashable {
  /// Who comes in with it, for logs, limits and sessions: its label, or `key-` and the first bytes of its digest.
  package let principal: String
  fileprivate let digest: [UInt8]

  /// - Parameter text: `label:key` or `key`. A label has 1 to 32 of `[a-zA-Z0-9_.-]`; a key visible ASCII only, and where it
  ///   has a colon, a label before it.
  /// - Returns: nil when it is something else.
  package init?(_ text: String) {
    let text = text.trimmingBlanks
    var label: Substring?
    var key = text[...]
    if let colon = text.firstIndex(of: ":") {
      // Taken for a part of the key, a misspelt label would keep its owner out and nobody would know why.
      guard Self.isLabel(text[..<colon]) else { return nil }
      label = text[..<colon]
      key = text[text.index(after: colon)...]
    }
    guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
    digest = Self.digest(of: key)
    principal = label.map(String.init) ?? "key-" + digest.prefix(4).map(Self.hex).joined()
  }

  /// Keys as SCOUT_API_KEYS lists them: separated by commas; several so that keys can be rotated.
  package static func list(_ text: String) throws(FrontDoorSettingsError) -> [APIKey] {
    var keys: [APIKey] = []
    for (index, part) in text.split(separator: ",").enumerated() where !part.allSatisfy({ $0 == " " }) {
      guard let key = APIKey(String(part)) else {
        throw FrontDoorSettingsError(
          "SCOUT_API_KEYS: key number \(index + 1) is not valid: write key or label:key, in visible ASCII without blanks;"
            + " a label has 1 to 32 letters, digits, _, . or -")
      }
      keys.append(key)
    }
    return keys
  }

  fileprivate static func digest(of key: some StringProtocol) -> [UInt8] {
    Array(SHA256.hash(data: Array(key.utf8)))
  }

  private static func isLabel(_ text: Substring) -> Bool {
    (1...32).contains(text.utf8.count)
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
  }

  private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

/// The keys that are valid now. A value.
struct KeyRing: Sendable {
  let keys: [APIKey]

  /// The principal of the key presented, nil if it is none of ours. Every key is compared, each in constant time: digests
  /// of equal length, no early exit.
  func principal(presenting key: String) -> String? {
    let digest = APIKey.digest(of: key)
    var found: String?
    for candidate in keys {
      var difference: UInt8 = 0
      for (ours, theirs) in zip(candidate.digest, digest) { difference |= ours ^ theirs }
      if difference == 0 { found = candidate.principal }
    }
    return found
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
