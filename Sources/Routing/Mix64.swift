/// A stable 64-bit hash, and a small seeded generator made of the same step: equal in every process and release, so that
/// all coordinators rank agents alike. Protects nothing. A value.
///
/// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014), its finalizer; FNV-1a for bytes.
package struct Mix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// Every bit of the result depends on every bit of `value`.
  package static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  package static func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return mix(hash)
  }

  /// A hash as a share: 0 up to, but not including, 1.
  package static func share(_ hash: UInt64) -> Double { Double(hash >> 11) * 0x1p-53 }
}

extension RandomNumberGenerator {
  /// 0 up to, but not including, 1.
  package mutating func unit() -> Double { Mix64.share(next()) }

  /// A factor from `1 - share` to `1 + share`.
  package mutating func spread(_ share: Double) -> Double { 1 - share + 2 * share * unit() }
}
