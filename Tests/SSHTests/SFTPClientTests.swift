import NIOCore
import Testing

@testable import SSH

@Suite struct SFTPClientTests {
  private func packet(_ type: UInt8, _ id: UInt32, _ body: [UInt8] = []) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(UInt32(body.count + 5))
    buffer.writeInteger(type)
    buffer.writeInteger(id)
    buffer.writeBytes(body)
    return buffer
  }

  private func string(_ text: String) -> [UInt8] { number(UInt32(text.utf8.count)) + Array(text.utf8) }

  private func number(_ value: UInt32) -> [UInt8] {
    (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  private func greeted() throws -> SFTPClient {
    var client = SFTPClient()
    client.receive(packet(2, 3))
    #expect(try client.next() == SFTPClient.Answer(id: nil, reply: nil))
    return client
  }

  @Test func greetsFirst() throws {
    var client = SFTPClient()
    #expect(client.takeOutbound() == ByteBuffer(bytes: [0, 0, 0, 5, 1, 0, 0, 0, 3]))
    #expect(client.takeOutbound() == nil)
  }

  @Test func requestsAreNumberedAndAnswersMatched() throws {
    var client = try greeted()
    _ = client.takeOutbound()
    let stat = client.request(.stat(try RemotePath("/a")))
    let open = client.request(.open(try RemotePath("/b")))
    #expect(stat != open)
    client.receive(packet(102, open, string("h")))
    client.receive(packet(105, stat, number(0x1) + number(0) + number(7)))
    #expect(try client.next() == SFTPClient.Answer(id: open, reply: .handle(SFTPHandle(bytes: [0x68]))))
    #expect(try client.next() == SFTPClient.Answer(id: stat, reply: .attributes(FileAttributes(size: 7))))
    #expect(try client.next() == nil)
    #expect(client.outstandingCount == 0)
  }

  @Test func answersComeByteByByte() throws {
    var client = try greeted()
    let id = client.request(.readDirectory(SFTPHandle(bytes: [1])))
    let attributes =
      number(0x8000_000F) + number(0) + number(9) + number(1) + number(2) + number(0o100644) + number(3)
      + number(4) + number(1) + string("x") + string("y")
    let entries = number(2) + string("..data") + string("long") + attributes + string("b") + string("") + number(0)
    let bytes = Array(packet(104, id, entries).readableBytesView)
    for byte in bytes.dropLast() {
      client.receive(ByteBuffer(bytes: [byte]))
      #expect(try client.next() == nil)
    }
    client.receive(ByteBuffer(bytes: [bytes[bytes.count - 1]]))
    let first = FileAttributes(
      size: 9, userID: 1, groupID: 2, permissions: 0o100644, accessTime: 3, modificationTime: 4)
    #expect(
      try client.next()?.reply
        == .names([
          DirectoryEntry(name: Array("..data".utf8), attributes: first),
          DirectoryEntry(name: [0x62], attributes: FileAttributes()),
        ]))
  }

  @Test func whatNoServerMaySend() throws {
    func violation(_ bytes: ByteBuffer) throws -> SFTPViolation? {
      var client = try greeted()
      _ = client.request(.stat(try RemotePath("/a")))
      client.receive(bytes)
      do throws(SFTPViolation) { _ = try client.next() } catch { return error }
      return nil
    }
    #expect(try violation(ByteBuffer(bytes: [0xFF, 0xFF, 0xFF, 0xFF, 1])) == .tooLong)
    #expect(try violation(ByteBuffer(bytes: [0, 0, 0, 4, 1, 0, 0, 0])) == .malformed)
    #expect(try violation(packet(105, 99, number(0))) == .unknownRequest)
    #expect(try violation(packet(77, 1)) == .unexpected(77))
    #expect(try violation(packet(103, 1, number(1 << 30))) == .malformed)
    #expect(try violation(packet(102, 1, string(String(repeating: "h", count: 257)))) == .malformed)
    #expect(try violation(packet(104, 1, number(0xFFFF_FFFF))) == .malformed)
    #expect(try violation(packet(104, 1, number(1) + number(0xFFFF_FFF0))) == .malformed)
    #expect(try violation(packet(105, 1, number(0x8000_0000) + number(0xFFFF_FFFF))) == .malformed)
    #expect(try violation(packet(105, 1)) == .malformed)
    #expect(try violation(packet(101, 1)) == .malformed)
  }

  @Test func theVersionComesFirstAndIsThree() throws {
    var early = SFTPClient()
    early.receive(packet(101, 1, number(0)))
    #expect(throws: SFTPViolation.unexpected(101)) { _ = try early.next() }
    var old = SFTPClient()
    old.receive(packet(2, 2))
    #expect(throws: SFTPViolation.version(2)) { _ = try old.next() }
  }

  @Test func randomBytesNeverTrap() throws {
    for _ in 0..<20_000 {
      var client = try greeted()
      let id = client.request(.stat(try RemotePath("/a")))
      let body = (0..<Int.random(in: 0...60)).map { _ in
        Bool.random() ? UInt8.random(in: 0...8) : .random(in: .min ... .max)
      }
      client.receive(packet(UInt8.random(in: 100...106), id, body))
      _ = try? client.next()
    }
  }

  @Test func pathsAreChecked() throws {
    #expect(throws: SSHError.self) { try RemotePath("") }
    #expect(throws: SSHError.self) { try RemotePath("a\0b") }
    #expect(throws: SSHError.self) { try RemotePath(String(repeating: "x", count: 5000)) }
    #expect(try RemotePath("~").bytes == Array(".".utf8))
    #expect(try RemotePath("~/x").bytes == Array("./x".utf8))
    #expect(try RemotePath("~x").bytes == Array("~x".utf8))
  }
}
