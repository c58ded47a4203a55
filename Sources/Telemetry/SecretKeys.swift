import Synchronization

/// Which keys of log lines name a secret. Sendable: state behind a lock.
///
/// The same few keys stand in every line, so what was found out about a key is remembered.
enum SecretKeys {
  /// Words that make a key secret wherever they stand in it.
  private static let words = [
    "authorization", "api_key", "apikey", "api-key", "password", "passphrase", "secret", "token", "cookie",
    "private_key",
  ].map { Array($0.utf8) }

  /// Keys are constants of the program; beyond so many something else is logged as a key, and nothing more is remembered.
  private static let limit = 1024
  private static let known = Mutex<[String: Bool]>([:])

  static func contains(_ key: String) -> Bool {
    known.withLock { known in
      if let answer = known[key] { return answer }
      let answer = isSecret(key)
      if known.count < limit { known[key] = answer }
      return answer
    }
  }

  private static func isSecret(_ key: String) -> Bool {
    let key = key.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    return key.indices.contains { start in words.contains { key[start...].starts(with: $0) } }
  }
}
