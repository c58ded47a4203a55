import Foundation
import Libssh2
import NIOCore
import TestFleet
import Testing

/// The engine against a real sshd, with bytes whole and one at a time. One after another: the pump blocks its thread.
@Suite(.serialized) struct SessionTests {
  private func withSession(
    byteAtATime: Bool, _ body: (inout Session, Pump, TestFleet) throws -> Void
  ) async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let pump = try Pump(host: fleet.addresses[0], port: fleet.port, byteAtATime: byteAtATime)
      var session = try Session()
      try pump.drive(&session) { session throws(SessionError) in try session.handshake() }
      let key = Array(try Data(contentsOf: URL(filePath: fleet.privateKeyPath)))
      let outcome = try pump.drive(&session) { session throws(SessionError) in
        try session.authenticate(user: fleet.user, .privateKey(key, passphrase: nil))
      }
      #expect(outcome == .accepted)
      try body(&session, pump, fleet)
    }
  }

  private func execute(
    _ command: String, input: [UInt8], _ session: inout Session, _ pump: Pump
  ) throws -> (stdout: [UInt8], stderr: [UInt8], exit: ChannelExit) {
    let id = try pump.drive(&session) { session throws(SessionError) in try session.openChannel(.session) }
    try pump.drive(&session) { session throws(SessionError) in try session.start(.exec(command), in: id) }
    var rest = input[...]
    while !rest.isEmpty {
      let chunk = Array(rest)
      let count = try pump.drive(&session) { session throws(SessionError) in try session.write(id, chunk.span.bytes) }
      rest = rest.dropFirst(count)
    }
    try pump.drive(&session) { session throws(SessionError) in try session.sendEnd(id) }
    var texts: [ChannelStream: [UInt8]] = [:]
    try pump.drive(&session) { session throws(SessionError) -> Poll<Void> in
      var ended = false
      for stream in [ChannelStream.error, .standard] {
        while true {
          var outcome = ChannelRead.again
          var buffer = ByteBuffer()
          try buffer.writeWithOutputRawSpan(minimumWritableBytes: 10_000) { span throws(SessionError) in
            outcome = try session.read(id, stream, into: &span)
          }
          texts[stream, default: []] += buffer.readableBytesView
          if case .bytes = outcome { continue }
          ended = outcome == .end
          break
        }
      }
      return ended ? .ready(()) : .again
    }
    let exit = try pump.drive(&session) { session throws(SessionError) in try session.awaitClose(id) }
    try pump.drive(&session) { session throws(SessionError) in try session.close(id) }
    return (texts[.standard] ?? [], texts[.error] ?? [], exit)
  }

  @Test(arguments: [false, true])
  func handshakesAndRuns(_ byteAtATime: Bool) async throws {
    try await withSession(byteAtATime: byteAtATime) { session, pump, _ in
      #expect(session.banner?.hasPrefix("SSH-2.0-") == true)
      #expect(session.hostKey?.algorithm == "ssh-ed25519")
      #expect(session.negotiated(.cipher) != nil)
      // More than once: the closed channel that is kept for pulling must not be in the way.
      for code in [0, 7, 255] {
        let result = try execute("cat; echo err >&2; exit \(code)", input: Array("in".utf8), &session, pump)
        #expect(result.stdout == Array("in".utf8))
        #expect(result.stderr == Array("err\n".utf8))
        #expect(result.exit.status == Int32(code))
        #expect(result.exit.signal == nil)
        #expect(session.openChannels == 0)
      }
      let killed = try execute("kill -KILL $$", input: [], &session, pump)
      #expect(killed.exit.signal == "KILL")
    }
  }

  @Test func carriesMoreThanAWindow() async throws {
    try await withSession(byteAtATime: false) { session, pump, _ in
      let result = try execute("head -c 7000000 /dev/zero", input: [], &session, pump)
      #expect(result.stdout.count == 7_000_000)
      let memory = session.heldMemory
      let input = [UInt8](repeating: 3, count: 1_000_000)
      #expect(try execute("cat >/dev/null; echo done", input: input, &session, pump).stdout == Array("done\n".utf8))
      #expect(session.heldMemory <= memory + 100_000)
    }
  }

  @Test func oneChannelOpensAtATime() async throws {
    try await withSession(byteAtATime: false) { session, pump, _ in
      guard case .again = try session.openChannel(.session) else { return }
      #expect(throws: SessionError.self) { _ = try session.openChannel(.directTCPIP(host: "127.0.0.1", port: 1)) }
      _ = try pump.drive(&session) { session throws(SessionError) in try session.openChannel(.session) }
      let refused = #expect(throws: SessionError.self) {
        _ = try pump.drive(&session) { session throws(SessionError) in
          try session.openChannel(.directTCPIP(host: "127.0.0.1", port: 1))
        }
      }
      #expect(refused?.code == .channelRefused)
    }
  }

  @Test func aRefusedKeyIsFollowedByAnother() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let stranger = fleet.directory.appending(path: "stranger").path
      try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", "ecdsa", "-f", stranger])
      let pump = try Pump(host: fleet.addresses[0], port: fleet.port, byteAtATime: true)
      var session = try Session()
      try pump.drive(&session) { session throws(SessionError) in try session.handshake() }
      let methods = try pump.drive(&session) { session throws(SessionError) in
        try session.authenticationMethods(user: fleet.user)
      }
      #expect(methods?.contains("publickey") == true)
      for (path, accepted) in [(stranger, false), (fleet.privateKeyPath, true)] {
        let key = Array(try Data(contentsOf: URL(filePath: path)))
        do {
          _ = try pump.drive(&session) { session throws(SessionError) in
            try session.authenticate(user: fleet.user, .privateKey(key, passphrase: nil))
          }
          #expect(accepted)
        } catch let error as SessionError {
          #expect(!accepted)
          #expect(error.code == .authenticationRefused)
        }
      }
    }
  }

  /// Whoever is on the way can flip a bit of the first encrypted packet's length. libssh2 1.10 asserts that the length is
  /// a multiple of the block size; that must cost the session and not the process.
  @Test func aBitFlippedOnTheWayCostsTheSessionOnly() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      for bit in [UInt8(1), 2, 4, 8] {
        let pump = try Pump(host: fleet.addresses[0], port: fleet.port, byteAtATime: false)
        var clear = Plaintext()
        pump.tamper = { clear.flip(bit, in: $0) }
        var session = try Session()
        let error = #expect(throws: SessionError.self) {
          try pump.drive(&session) { session throws(SessionError) in try session.handshake() }
        }
        #expect(error?.isFatal == true)
        #expect(throws: SessionError.self) { _ = try session.openChannel(.session) }
      }
      // The next one is as good as ever.
      let pump = try Pump(host: fleet.addresses[0], port: fleet.port, byteAtATime: false)
      var session = try Session()
      try pump.drive(&session) { session throws(SessionError) in try session.handshake() }
    }
  }
}

/// Follows a server's unencrypted bytes up to SSH_MSG_NEWKEYS (21).
private struct Plaintext {
  private var seen: [UInt8] = []
  private var isDone = false

  /// Flips a bit of the fourth byte after NEWKEYS: the lowest of the first encrypted length.
  mutating func flip(_ bit: UInt8, in bytes: [UInt8]) -> [UInt8] {
    guard !isDone else { return bytes }
    let before = seen.count
    seen += bytes
    guard var index = seen.firstIndex(of: 10).map({ $0 + 1 }) else { return bytes }
    while index + 6 <= seen.count {
      let length = seen[index..<index + 4].reduce(0) { $0 << 8 | Int($1) }
      let isNewKeys = seen[index + 5] == 21
      index += 4 + length
      guard isNewKeys else { continue }
      guard seen.count > index + 3, index + 3 >= before else { return bytes }
      isDone = true
      var changed = bytes
      changed[index + 3 - before] ^= bit
      return changed
    }
    return bytes
  }
}
