/// Frames of the ssh-agent protocol. Pure; draft-ietf-sshm-ssh-agent sections 3 and 4.
enum AgentMessage {
  /// Bytes of one message at most, as OpenSSH's agent has it.
  static let limit = 256 << 10
  /// Keys of one agent at most; those beyond are not offered (sshd's MaxAuthTries is 6).
  static let identityLimit = 256

  static func identitiesRequest() -> [UInt8] { frame([11]) }

  static func signRequest(blob: [UInt8], data: [UInt8], flags: UInt32) -> [UInt8] {
    frame([13] + string(blob) + string(data) + number(flags))
  }

  /// - Throws: `authFailed` when the agent says no, `protocolViolation` for what is no answer.
  static func identities(_ message: [UInt8]) throws(SSHError) -> [AgentIdentity] {
    var rest = try payload(message, of: 12)
    guard let count = takeNumber(&rest) else { throw violation("its list of keys is cut short") }
    var identities: [AgentIdentity] = []
    for _ in 0..<min(Int(count), identityLimit) {
      guard let blob = takeString(&rest), let comment = takeString(&rest) else {
        throw violation("its list of keys is cut short")
      }
      identities.append(AgentIdentity(blob: blob, comment: String(decoding: comment, as: UTF8.self)))
    }
    return identities
  }

  /// - Returns: `string format, string blob`.
  /// - Throws: as `identities`.
  static func signature(_ message: [UInt8]) throws(SSHError) -> [UInt8] {
    var rest = try payload(message, of: 14)
    guard let signature = takeString(&rest), rest.isEmpty, signature.count > 8 else {
      throw violation("its signature is malformed")
    }
    return signature
  }

  private static func payload(_ message: [UInt8], of type: UInt8) throws(SSHError) -> ArraySlice<UInt8> {
    switch message.first {
    case type: return message.dropFirst()
    // SSH_AGENT_FAILURE
    case 5:
      throw SSHError(
        .authFailed,
        "the ssh-agent refused: it may be locked (`ssh-add -X`), a confirmation was denied, or the key is gone (`ssh-add -l`)",
        phase: .authentication)
    default: throw violation("it answered with message \(message.first.map(String.init) ?? "without type")")
    }
  }

  static func violation(_ what: String) -> SSHError {
    SSHError(
      .protocolViolation,
      "the ssh-agent does not speak the agent protocol: \(what); check IdentityAgent and SSH_AUTH_SOCK",
      phase: .authentication)
  }

  private static func frame(_ body: [UInt8]) -> [UInt8] { string(body) }

  private static func string(_ bytes: [UInt8]) -> [UInt8] { number(UInt32(bytes.count)) + bytes }

  private static func number(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
  }

  private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> UInt32? {
    guard bytes.count >= 4 else { return nil }
    defer { bytes = bytes.dropFirst(4) }
    return bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func takeString(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard let length = takeNumber(&bytes), length <= bytes.count else { return nil }
    defer { bytes = bytes.dropFirst(Int(length)) }
    return Array(bytes.prefix(Int(length)))
  }
}
