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

  @Test func preferencesThatAreUnknownAreRefused() throws {
    var session = try Session()
    #expect(throws: SessionError.self) { try session.prefer(["no-such-cipher"], for: .cipher) }
    try session.prefer(["no-such-cipher", "aes128-ctr"], for: .cipher)
    #expect(session.supported(.hostKey).contains("ssh-ed25519"))
  }
}
