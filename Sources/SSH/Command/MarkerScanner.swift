import NIOCore

/// Finds the marker line in a stream that a login shell may have written to before. A value.
struct MarkerScanner {
  /// Most noise that is looked through.
  static let limit = 64 << 10

  private let marker: [UInt8]
  private var noise = ByteBuffer()
  private(set) var hasPassed = false

  init(marker: String) {
    self.marker = Array(marker.utf8)
  }

  enum Outcome: Equatable {
    /// More bytes are needed.
    case searching
    /// The marker's line is whole: what stands behind the marker, and the bytes after the line.
    case found(String, rest: ByteBuffer)
    case tooMuch
  }

  /// Takes bytes until the marker is found. Not to be called afterwards.
  mutating func receive(_ bytes: ByteBuffer) -> Outcome {
    noise.writeImmutableBuffer(bytes)
    let view = noise.readableBytesView
    if let start = firstMarker(in: view), let end = view[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let tail = view[(start + marker.count)..<end]
      var rest = noise
      rest.moveReaderIndex(to: end + 1)
      hasPassed = true
      noise = ByteBuffer()
      return .found(String(decoding: tail, as: UTF8.self).trimmingSpaces, rest: rest)
    }
    return noise.readableBytes > Self.limit ? .tooMuch : .searching
  }

  /// What came instead, for an error message: at most 200 bytes.
  var excerpt: String { String(decoding: noise.readableBytesView.prefix(200), as: UTF8.self).trimmingSpaces }

  private func firstMarker(in view: ByteBufferView) -> Int? {
    guard view.count >= marker.count else { return nil }
    var index = view.startIndex
    while let start = view[index...].firstIndex(of: marker[0]), start + marker.count <= view.endIndex {
      if view[start..<start + marker.count].elementsEqual(marker) { return start }
      index = start + 1
    }
    return nil
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
