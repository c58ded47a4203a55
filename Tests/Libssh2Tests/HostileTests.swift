import Libssh2
import Testing

/// What a hostile server may send to a client that is about to exchange keys.
@Suite struct HostileTests {
  /// Feeds bytes, whole or one at a time, until the handshake fails or nothing is left; then the end.
  private func outcome(_ bytes: [UInt8], byteAtATime: Bool) throws -> SessionError? {
    var session = try Session()
    do throws(SessionError) {
      _ = try session.handshake()
      if byteAtATime {
        for byte in bytes {
          try session.receive([byte].span.bytes)
          _ = try session.handshake()
        }
      } else {
        try session.receive(bytes.span.bytes)
        _ = try session.handshake()
      }
      session.receiveEnd()
      _ = try session.handshake()
    } catch {
      return error
    }
    return nil
  }

  static let banner = Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)

  static let inputs: [(String, [UInt8])] = [
    ("nothing", []),
    ("a banner and the end", banner),
    ("a banner with a NUL", Array("SSH-2.0\0\r\n".utf8)),
    ("an endless line", [UInt8](repeating: 0x41, count: 20_000)),
    ("endless lines", Array(String(repeating: "hello\r\n", count: 100_000).utf8)),
    ("a packet of 4 GiB", banner + [0xFF, 0xFF, 0xFF, 0xFF, 4, 20] + [UInt8](repeating: 0, count: 100)),
    ("a packet just over the bound", banner + [0, 0, 0x9C, 0x41, 4, 20] + [UInt8](repeating: 0, count: 50_000)),
    ("a packet of length 0", banner + [0, 0, 0, 0, 0, 0, 0, 0]),
    ("more padding than packet", banner + [0, 0, 0, 12, 255, 20] + [UInt8](repeating: 0, count: 40)),
    ("a truncated kex list", banner + [0, 0, 0, 12, 4, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    (
      "a kex list with a huge string",
      banner + [0, 0, 0, 40, 4, 20] + [UInt8](repeating: 7, count: 16) + [0xFF, 0xFF, 0xFF, 0xF0]
        + [UInt8](repeating: 0, count: 40)
    ),
    ("a disconnect", banner + [0, 0, 0, 20, 4, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0x6E, 0x6F, 0, 0, 0, 0, 0, 0, 0, 0]),
    (
      "messages nobody asked for",
      banner + (0..<20_000).flatMap { _ in [0, 0, 0, 12, 10, 99] as [UInt8] + [UInt8](repeating: 0, count: 10) }
    ),
  ]

  @Test(arguments: inputs.indices, [false, true])
  func failsWithoutHarm(_ index: Int, _ byteAtATime: Bool) throws {
    let (name, bytes) = Self.inputs[index]
    let error = try outcome(byteAtATime ? Array(bytes.prefix(300_000)) : bytes, byteAtATime: byteAtATime)
    #expect(error?.isFatal == true, "\(name): \(String(describing: error))")
  }

  @Test func aDisconnectIsQuoted() throws {
    let bytes = Self.inputs.first { $0.0 == "a disconnect" }?.1 ?? []
    let error = try outcome(bytes, byteAtATime: false)
    #expect(error?.code == .disconnected)
    #expect(error?.message.contains("no") == true)
  }

  @Test func nothingIsKeptBeyondTheMemoryBound() throws {
    var session = try Session(limits: SessionLimits(memory: 200_000, handshake: 100 << 20))
    _ = try session.handshake()
    try session.receive(Self.banner.span.bytes)
    let packet: [UInt8] = [0, 0, 0x40, 0, 10, 99] + [UInt8](repeating: 0, count: 0x3FFE)
    var failure: SessionError?
    for _ in 0..<1000 where failure == nil {
      do throws(SessionError) {
        try session.receive(packet.span.bytes)
        _ = try session.handshake()
      } catch {
        failure = error
      }
    }
    #expect(failure?.isFatal == true)
    #expect(session.heldMemory <= 200_000)
  }

  @Test func aDeadSessionStaysDead() throws {
    var session = try Session()
    _ = try session.handshake()
    session.receiveEnd()
    #expect(throws: SessionError.self) { _ = try session.handshake() }
    #expect(throws: SessionError.self) { _ = try session.openChannel(.session) }
    #expect(throws: SessionError.self) { try session.pull() }
  }

  @Test func manySessionsAreFreed() throws {
    for length in 0..<200 {
      _ = try outcome(
        Array((Self.banner + [0, 0, 0, 12, 4, 20] + [UInt8](repeating: 1, count: 200)).prefix(length)),
        byteAtATime: false)
    }
  }

  private static func string(_ bytes: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes
  }

  /// RFC 4253 section 6.
  private static func packet(_ payload: [UInt8]) -> [UInt8] {
    let padding = 12 - (5 + payload.count + 4) % 8
    return withUnsafeBytes(of: UInt32(payload.count + padding + 1).bigEndian, Array.init) + [UInt8(padding)] + payload
      + [UInt8](repeating: 0, count: padding)
  }

  /// A server that knows one way to exchange keys, and has an Ed25519 key.
  private static func kexInit(_ exchange: String) -> [UInt8] {
    let lists = [
      exchange, "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", "",
    ]
    return packet(
      [20] + [UInt8](repeating: 7, count: 16) + lists.flatMap { string(Array($0.utf8)) } + [0, 0, 0, 0, 0])
  }

  /// libssh2 1.10 reads 32 bytes of the key, whether the host sent them or not.
  @Test(arguments: [0, 1, 31, 33], [false, true])
  func aHostKeyOfTheWrongLengthIsRefused(_ length: Int, _ byteAtATime: Bool) throws {
    let name = Self.string(Array("ssh-ed25519".utf8))
    for announced in [UInt8(length), 32] {
      let key = name + [0, 0, 0, announced] + [UInt8](repeating: 9, count: length)
      let reply =
        [31] + Self.string(key) + Self.string([4] + [UInt8](repeating: 5, count: 64))
        + Self.string(name + Self.string([UInt8](repeating: 6, count: 64)))
      let error = try outcome(
        Self.banner + Self.kexInit("ecdh-sha2-nistp256") + Self.packet(reply), byteAtATime: byteAtATime)
      #expect(error?.code == .keyExchange, "\(String(describing: error))")
    }
  }

  /// A host may send a group that takes hours to compute with.
  @Test(arguments: ["diffie-hellman-group-exchange-sha256", "diffie-hellman-group-exchange-sha1"])
  func aGroupOfTheHostsChoiceIsNeverComputedWith(_ exchange: String) throws {
    var session = try Session()
    #expect(!session.supported(.keyExchange).contains(exchange))
    #expect(throws: SessionError.self) { try session.prefer([exchange], for: .keyExchange) }
    let group = Self.packet([31] + Self.string([0x7F] + [UInt8](repeating: 0xFF, count: 4096)) + Self.string([2]))
    let error = try outcome(Self.banner + Self.kexInit(exchange) + group, byteAtATime: false)
    #expect(error?.code == .keyExchange, "\(String(describing: error))")
  }

  @Test func preferencesThatAreUnknownAreRefused() throws {
    var session = try Session()
    #expect(throws: SessionError.self) { try session.prefer(["no-such-cipher"], for: .cipher) }
    try session.prefer(["no-such-cipher", "aes128-ctr"], for: .cipher)
    #expect(session.supported(.hostKey).contains("ssh-ed25519"))
  }
}
