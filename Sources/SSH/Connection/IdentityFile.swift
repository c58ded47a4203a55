import FoundationEssentials
import Glibc
import NIOPosix
import Synchronization

/// A key file that a host's settings name: a private key, or the public one of a key that ssh-agent holds. A value.
struct IdentityFile: Sendable, Hashable {
  var path: String
  /// The file as it is: PEM (RFC 7468, PKCS#8) or OpenSSH's own form (PROTOCOL.key).
  var contents: [UInt8]
  /// RFC 4253 section 6.6; nil where neither the file nor its `.pub` neighbour tells.
  var publicBlob: [UInt8]?
  var isEncrypted: Bool
  /// The public half that the private file itself names, as a line of authorized_keys; nil: it names none.
  var ownPublicLine: [UInt8]?
  /// There is no private key here: `contents` are a public one (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
  var isPublicOnly: Bool
  /// Why it must not be used, with the remedy.
  var fault: String?

  /// For example "ssh-ed25519".
  var type: String? { publicBlob.flatMap(Self.firstString) }

  /// Largest file that is taken for a key.
  static let limit = 64 << 10

  init(path: String, contents: [UInt8], publicFile: [UInt8]?) {
    self.path = path
    self.contents = contents
    let text = String(decoding: contents, as: UTF8.self)
    isPublicOnly = false
    isEncrypted = text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
    if let container = Self.openSSHContainer(text) {
      isEncrypted = container.cipher != "none"
      publicBlob = container.publicBlob
      ownPublicLine = Self.firstString(container.publicBlob).map { type in
        Array("\(type) \(Data(container.publicBlob).base64EncodedString())".utf8)
      }
    } else if let blob = Self.publicBlob(text) {
      publicBlob = blob
      isPublicOnly = true
    } else if let publicFile {
      publicBlob = Self.publicBlob(String(decoding: publicFile, as: UTF8.self))
    }
    if publicBlob == nil, text.contains("BEGIN RSA PRIVATE KEY") { publicBlob = [0, 0, 0, 7] + Array("ssh-rsa".utf8) }
  }

  /// Type, key in base64, comment.
  private static func publicBlob(_ text: String) -> [UInt8]? {
    let fields = text.split(whereSeparator: \.isWhitespace)
    guard fields.count >= 2, let data = Data(base64Encoded: String(fields[1])) else { return nil }
    let blob = Array(data)
    return firstString(blob) == String(fields[0]) ? blob : nil
  }

  /// PROTOCOL.key: "openssh-key-v1\0", cipher, kdf, kdf options, number of keys, public key, private part.
  private static func openSSHContainer(_ text: String) -> (cipher: String, publicBlob: [UInt8])? {
    let lines = text.split(whereSeparator: \.isNewline)
    guard let begin = lines.firstIndex(of: "-----BEGIN OPENSSH PRIVATE KEY-----"),
      let end = lines.firstIndex(of: "-----END OPENSSH PRIVATE KEY-----"), begin < end,
      let data = Data(base64Encoded: lines[(begin + 1)..<end].joined())
    else { return nil }
    var rest = Array(data)[...]
    let magic = Array("openssh-key-v1\0".utf8)
    guard rest.starts(with: magic) else { return nil }
    rest = rest.dropFirst(magic.count)
    guard let cipher = takeString(&rest), takeString(&rest) != nil, takeString(&rest) != nil, rest.count > 4 else {
      return nil
    }
    rest = rest.dropFirst(4)
    guard let blob = takeString(&rest) else { return nil }
    return (String(decoding: cipher, as: UTF8.self), blob)
  }

  private static func firstString(_ blob: [UInt8]) -> String? {
    var rest = blob[...]
    return takeString(&rest).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A `string` of RFC 4251 section 5.
  static func takeString(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard bytes.count >= 4 else { return nil }
    let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - 4 else { return nil }
    defer { bytes = bytes.dropFirst(4 + length) }
    return Array(bytes.dropFirst(4).prefix(length))
  }
}

/// Reads key files off the loops, once per change. Sendable: state behind a lock.
final class IdentityFileCache: Sendable {
  static let shared = IdentityFileCache()

  private struct Entry {
    var stamps: [FileStamp]
    var file: IdentityFile
  }

  private let entries = Mutex<[String: Entry]>([:])
  private static let limit = 256

  /// Nil for a file that is missing, unreadable or too large, unless its public neighbour can be read.
  func load(_ path: String) async throws(SSHError) -> IdentityFile? {
    do {
      return try await NIOThreadPool.singleton.runIfActive { self.read(path) }
    } catch {
      throw SSHError(.cancelled, "the process is shutting down")
    }
  }

  private func read(_ path: String) -> IdentityFile? {
    let stamps = [FileStamp(path), FileStamp(path + ".pub")]
    if let entry = entries.withLock({ $0[path] }), entry.stamps == stamps { return entry.file }
    let publicFile = Self.bytes(path + ".pub")
    guard let contents = Self.bytes(path) ?? publicFile else { return nil }
    var file = IdentityFile(path: path, contents: contents, publicFile: publicFile)
    if !file.isPublicOnly {
      file.fault = KeyFilePermissions(owner: stamps[0].owner, mode: stamps[0].mode).fault(path: path, userID: getuid())
    }
    entries.withLock { entries in
      if entries.count >= Self.limit { entries = [:] }
      entries[path] = Entry(stamps: stamps, file: file)
    }
    return file
  }

  private static func bytes(_ path: String) -> [UInt8]? {
    guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= IdentityFile.limit else { return nil }
    return Array(data)
  }
}
