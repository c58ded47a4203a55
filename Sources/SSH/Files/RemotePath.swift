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

  /// It may name a device, which does something when it is opened: a watchdog, a tape, a terminal. Told by the name alone, so a symbolic
  /// link elsewhere is not seen but for those of /proc.
  var mayBeDevice: Bool {
    var isFirst = true
    var isInProc = false
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = rest.prefix { $0 != UInt8(ascii: "/") }
      rest = rest[part.endIndex...].dropFirst()
      if part.isEmpty || part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) { return true }
      if isFirst {
        if part.elementsEqual("dev".utf8) { return true }
        isInProc = part.elementsEqual("proc".utf8)
        isFirst = false
      } else if isInProc, ["root", "cwd", "fd", "map_files"].contains(where: { part.elementsEqual($0.utf8) }) {
        return true
      }
    }
    return false
  }

  package init(_ path: String) throws(SSHError) {
    try self.init(Array(path.utf8))
  }
}

extension RemotePath: CustomStringConvertible {
  /// As a person writes it: `~` for the login directory.
  package var description: String {
    let text = String(decoding: bytes, as: UTF8.self)
    return text == "." || text.hasPrefix("./") ? "~" + text.dropFirst() : text
  }
}
