import Crypto

/// A value: what only the holder of a token knows, 256 random bits. Is not described, and never written to a file.
struct TokenSecret: Sendable, Hashable {
  static let count = 32

  let bytes: [UInt8]

  init() {
    bytes = RandomBytes.make(Self.count)
  }

  /// - Returns: Nil for any other number of bytes.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.count else { return nil }
    self.bytes = bytes
  }

  /// The name of its files. Not to be turned back, and finding it tells a guesser nothing in time: 256 bits are looked up by
  /// their hash, never compared.
  var hash: String {
    var hash = SHA256()
    hash.update(data: Array("scout join token 1\0".utf8))
    hash.update(data: bytes)
    return Hex.text(hash.finalize())
  }
}
