/// A path on a host, byte for byte. A value.
///
/// `~` and `~/x` mean the login directory, as does every relative path; nothing else is expanded.
package struct RemotePath: Sendable, Hashable {
  /// What goes over the wire.
  package let bytes: [UInt8]

  /// Longest path that is sent: Linux's PATH_MAX.
  package static let limit = 4096

  /// - Throws: `invalidArgument` for an empty path, a NUL byte, or more than `limit` bytes.
  package init(_ bytes: [UInt8]) throws(SSHError) {
    guard !bytes.isEmpty else { throw SSHError(.invalidArgument, "the path is empty") }
    guard bytes.count <= Self.limit else {
      throw SSHError(.invalidArgument, "the path has \(bytes.count) bytes; at most \(Self.limit) are allowed")
    }
    guard !bytes.contains(0) else { throw SSHError(.invalidArgument, "the path contains a NUL byte") }
    if bytes == Array("~".utf8) {
      self.bytes = Array(".".utf8)
    } else if bytes.starts(with: "~/".utf8) {
      self.bytes = Array(".".utf8) + bytes.dropFirst()
    } else {
      self.bytes = bytes
    }
  }

  package init(_ path: String) throws(SSHError) {
    try self.init(Array(path.utf8))
  }
}

extension RemotePath: CustomStringConvertible {
  package var description: String { String(decoding: bytes, as: UTF8.self) }
}
