import Crypto
import FoundationEssentials

/// One usable line of a known_hosts file, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT". A value.
struct KnownHostsLine: Sendable {
  enum Marker: Sendable {
    case key
    case revoked
    case certificateAuthority
  }

  enum Names: Sendable {
    /// `|1|salt|HMAC-SHA1`.
    case hashed(salt: [UInt8], digest: [UInt8])
    case patterns(HostPatternList)
  }

  /// What became of a line.
  enum Outcome {
    case line(KnownHostsLine)
    /// Empty or a comment.
    case nothing
    case malformed
  }

  let marker: Marker
  let names: Names
  let key: HostKey
  let number: Int

  static func parse(_ text: ArraySlice<UInt8>, number: Int) -> Outcome {
    var words = text.split(maxSplits: 4, omittingEmptySubsequences: true) { $0.isBlank }[...]
    guard let first = words.first, first.first != UInt8(ascii: "#") else { return .nothing }
    var marker = Marker.key
    if first.first == UInt8(ascii: "@") {
      switch String(decoding: first, as: UTF8.self) {
      case "@revoked": marker = .revoked
      case "@cert-authority": marker = .certificateAuthority
      default: return .malformed
      }
      words.removeFirst()
    }
    guard words.count >= 3 else { return .malformed }
    let fields = words.prefix(3).map { String(decoding: $0, as: UTF8.self) }
    guard let blob = Data(base64Encoded: fields[2]), let key = HostKey(blob: Array(blob)), key.type == fields[1],
      let names = names(fields[0])
    else { return .malformed }
    return .line(KnownHostsLine(marker: marker, names: names, key: key, number: number))
  }

  private static func names(_ field: String) -> Names? {
    guard field.first == "|" else { return .patterns(HostPatternList(list: field, lowercased: true)) }
    let parts = field.split(separator: "|", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[1] == "1", let salt = Data(base64Encoded: String(parts[2])),
      let digest = Data(base64Encoded: String(parts[3])), salt.count == 20, digest.count == 20
    else { return nil }
    return .hashed(salt: Array(salt), digest: Array(digest))
  }

  /// `name` as `ssh-keygen -H` writes it, with a salt of its own.
  static func hashed(_ name: String) -> String {
    var random = SystemRandomNumberGenerator()
    let salt = Data((0..<20).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    let digest = HMAC<Insecure.SHA1>.authenticationCode(for: Array(name.utf8), using: SymmetricKey(data: salt))
    return "|1|\(salt.base64EncodedString())|\(Data(digest).base64EncodedString())"
  }

  /// - Parameter name: in lower case, with brackets and port where the port is not 22.
  func matches(_ name: String) -> Bool {
    switch names {
    case .patterns(let patterns): patterns.matches(name)
    case .hashed(let salt, let digest):
      Array(HMAC<Insecure.SHA1>.authenticationCode(for: Array(name.utf8), using: SymmetricKey(data: salt))) == digest
    }
  }
}
