/// Characters that have no shape of their own and still change what is seen, or can hide a text. Stateless.
package enum HiddenCharacter {
  /// C0, DEL and C1 controls, marks that reorder text (Unicode TR 36, bidirectional spoofing), other line ends, blanks without
  /// width, variation selectors, and tags.
  ///
  /// U+200C and U+200D join and part letters in many scripts, U+FE0E and U+FE0F choose how an emoji looks: they are not among them.
  package static func contains(_ scalar: UInt32) -> Bool {
    switch scalar {
    case ..<0x20, 0x7F...0x9F: true
    case ..<0xAD: false
    case 0xAD, 0x061C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0x3164, 0xFEFF: true
    case 0xFE00...0xFE0D, 0xE0000...0xE007F, 0xE0100...0xE01EF: true
    default: false
    }
  }

  /// The first bytes of those beyond ASCII in UTF-8; harmless characters have them, too.
  package static let leadingBytes: [UInt8] = [0xC2, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF, 0xF3]
}
