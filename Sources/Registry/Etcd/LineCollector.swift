/// Cuts a stream of bytes into its lines. A value.
struct LineCollector: Sendable {
  private var partial: [UInt8] = []
  private let maxBytes: Int

  init(maxBytes: Int) {
    self.maxBytes = maxBytes
  }

  /// The lines that end within `bytes`, without their ends and without empty ones. Throws `.malformed` for a line that
  /// grows beyond the bound.
  mutating func take(_ bytes: some Collection<UInt8>) throws(RegistryError) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      partial += rest[..<end]
      guard partial.count <= maxBytes else { throw tooLong }
      if !partial.isEmpty { lines.append(partial) }
      partial = []
      rest = rest[rest.index(after: end)...]
    }
    partial += rest
    guard partial.count <= maxBytes else { throw tooLong }
    return lines
  }

  private var tooLong: RegistryError { RegistryError(.malformed, "a line of more than \(maxBytes) bytes") }
}
