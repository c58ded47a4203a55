import Crypto
import FoundationEssentials

/// A public key as SSH sends it. A value.
package struct HostKey: Sendable, Hashable {
  /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ... (the key's type, not a signature algorithm).
  package var type: String
  /// RFC 4253 section 6.6: begins with the type's name.
  package var blob: [UInt8]

  package init(type: String, blob: [UInt8]) {
    self.type = type
    self.blob = blob
  }

  /// The key of a blob that a host sent; nil when it does not begin with a type's name.
  package init?(blob: [UInt8]) {
    guard blob.count >= 4 else { return nil }
    let length = blob[..<4].reduce(0) { $0 << 8 | Int($1) }
    guard length > 0, length <= 64, blob.count >= 4 + length else { return nil }
    self.init(type: String(decoding: blob[4..<4 + length], as: UTF8.self), blob: blob)
  }

  /// As `ssh-keygen -l` shows it: `SHA256:` and unpadded base 64.
  package var fingerprint: String {
    let digest = Data(SHA256.hash(data: blob)).base64EncodedString()
    return "SHA256:" + digest.prefix { $0 != "=" }
  }

  /// The blob as key files and known_hosts write it.
  package var base64: String { Data(blob).base64EncodedString() }

  /// The key type that a host key or signature algorithm signs with: `rsa-sha2-256` is `ssh-rsa`.
  package static func type(ofAlgorithm name: String) -> String {
    name == "rsa-sha2-256" || name == "rsa-sha2-512" ? "ssh-rsa" : name
  }
}
