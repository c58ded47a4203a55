/// What an ssh-agent is asked to sign for RFC 4252 section 7. A value.
struct SignatureRequest {
  /// The flags of draft-ietf-sshm-ssh-agent section 4.5.1 that go with the algorithm named in the data.
  let flags: UInt32

  /// - Parameter data: session id, message number, user, service, "publickey", true, algorithm, key.
  init(_ data: [UInt8]) {
    var rest = data[...]
    var algorithm: [UInt8] = []
    if IdentityFile.takeString(&rest) != nil {
      rest = rest.dropFirst()
      if IdentityFile.takeString(&rest) != nil, IdentityFile.takeString(&rest) != nil,
        IdentityFile.takeString(&rest) != nil
      {
        rest = rest.dropFirst()
        algorithm = IdentityFile.takeString(&rest) ?? []
      }
    }
    flags =
      switch String(decoding: algorithm, as: UTF8.self) {
      case "rsa-sha2-256": 2
      case "rsa-sha2-512": 4
      default: 0
      }
  }

  /// The signature proper within `string format, string blob`; nil when malformed.
  static func blob(of signature: [UInt8]) -> [UInt8]? {
    var rest = signature[...]
    guard IdentityFile.takeString(&rest) != nil else { return nil }
    return IdentityFile.takeString(&rest)
  }
}
