import Foundation
import Libssh2
import NIOCore
import TestFleet
import Testing

@testable import SSH

/// Reads that are made before the handle of the file is known.
@Suite struct EarlyReadTests {
  private static let handle = SFTPHandle(bytes: [0, 0, 0, 0])
  private static let other = SFTPHandle(bytes: [0, 0, 0, 1])

  @Test func aHandleThatIsGivenAgainIsPredicted() {
    var prediction = HandlePrediction()
    #expect(prediction.next == nil)
    prediction.opened(Self.handle)
    prediction.closes(Self.handle)
    #expect(prediction.next == nil, "once is no rule")
    prediction.opened(Self.handle)
    #expect(prediction.next == nil, "it is open")
    prediction.closes(Self.handle)
    #expect(prediction.next == Self.handle)
    // As where the file is not there.
    #expect(prediction.next == Self.handle)
    prediction.opened(Self.other)
    prediction.closes(Self.other)
    #expect(prediction.next == nil, "it was wrong")
  }

  @Test func aServerThatNumbersItsHandlesOnIsNeverPredicted() {
    var prediction = HandlePrediction()
    for number in 0..<10 as Range<UInt8> {
      prediction.opened(SFTPHandle(bytes: [number]))
      prediction.closes(SFTPHandle(bytes: [number]))
      #expect(prediction.next == nil)
    }
  }

  /// A lane whose server has given one handle twice. The next requests are 8 (the attributes), 9 (a close), 10 (the open) and 11 (the
  /// early read).
  private final class Script {
    let lane = LaneDriver(host: "host")
    var found: Result<[UInt8], SSHError>?

    init() throws {
      receive(2, 3, [])
      for first in [1, 4] as [UInt32] {
        try read()
        attributes(first, size: 1)
        let open = first == 1 ? first + 1 : first + 2
        opened(open, EarlyReadTests.handle)
        data(open + 1, [7])
        #expect(try #require(found).get() == [7])
      }
    }

    /// At most 100 bytes of a file.
    func read() throws {
      found = nil
      let file = OpenFile(try RemotePath("/file"), offset: 0, limit: 100, on: lane)
      file.open(readsEarly: true) { [self] result in
        switch result {
        case .failure(let error): found = .failure(error)
        case .success: file.readAll { [self] in found = $0.map { Array($0.readableBytesView) } }
        }
      }
    }

    func attributes(_ id: UInt32, size: UInt32, mode: UInt32 = 0o100644) {
      receive(105, id, number(0x5) + number(0) + number(size) + number(mode))
    }
    func opened(_ id: UInt32, _ handle: SFTPHandle) {
      receive(102, id, number(UInt32(handle.bytes.count)) + handle.bytes)
    }
    func data(_ id: UInt32, _ bytes: [UInt8]) { receive(103, id, number(UInt32(bytes.count)) + bytes) }
    func status(_ id: UInt32, _ code: UInt32) { receive(101, id, number(code) + number(0) + number(0)) }

    private func receive(_ type: UInt8, _ id: UInt32, _ body: [UInt8]) {
      var packet = ByteBuffer()
      packet.writeInteger(UInt32(body.count + 5))
      packet.writeInteger(type)
      packet.writeInteger(id)
      packet.writeBytes(body)
      lane.channelReceived(packet, .standard)
    }

    private func number(_ value: UInt32) -> [UInt8] {
      (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
  }

  /// Every order in which the three answers may come. What was read before the file was opened is not believed to be of it.
  @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
  func oneRoundTripReadsAFile(_ order: [Int]) throws {
    let script = try Script()
    try script.read()
    for step in order {
      #expect(script.found == nil)
      [
        { script.attributes(8, size: 3) }, { script.opened(10, Self.handle) }, { script.data(11, [1, 2, 3]) },
      ][step]()
    }
    if order.firstIndex(of: 2) ?? 0 < order.firstIndex(of: 1) ?? 0 {
      #expect(script.found == nil)
      script.data(12, [1, 2, 3])
    }
    #expect(try #require(script.found).get() == [1, 2, 3])
    #expect(script.lane.usable.isSet)
  }

  /// What was read by a handle that is not the file's may be of any file: it is not looked at.
  @Test(arguments: [false, true]) func anotherHandleThanPredicted(_ isFirst: Bool) throws {
    let script = try Script()
    try script.read()
    if isFirst { script.data(11, [6, 6, 6]) }
    script.attributes(8, size: 3)
    script.opened(10, Self.other)
    if !isFirst { script.data(11, [6, 6, 6]) }
    #expect(script.found == nil)
    script.data(12, [1, 2, 3])
    #expect(try #require(script.found).get() == [1, 2, 3])
    // It has been wrong: no early read any more. 13 the attributes, 14 a close, 15 the open.
    try script.read()
    script.attributes(13, size: 1)
    script.opened(15, Self.handle)
    script.data(16, [5])
    #expect(try #require(script.found).get() == [5])
  }

  @Test func whatGrowsMeanwhileIsReadAsLongAsItWas() throws {
    let script = try Script()
    try script.read()
    script.attributes(8, size: 2)
    script.opened(10, Self.handle)
    script.data(11, [1, 2, 3, 4])
    #expect(try #require(script.found).get() == [1, 2])
  }

  @Test func aFileThatShrankOrIsAnsweredInPartsGoesOn() throws {
    let script = try Script()
    try script.read()
    script.attributes(8, size: 3)
    script.opened(10, Self.handle)
    script.data(11, [1])
    #expect(script.found == nil)
    script.data(12, [2])
    script.status(13, SFTPStatus.endOfFile)
    #expect(try #require(script.found).get() == [1, 2])
  }

  @Test func anEmptyFileAndAFileThatIsNotThere() throws {
    let script = try Script()
    try script.read()
    script.attributes(8, size: 0)
    script.opened(10, Self.handle)
    script.status(11, SFTPStatus.endOfFile)
    #expect(try #require(script.found).get() == [])
    // 12 the attributes, 13 a close, 14 the open, 15 the early read.
    try script.read()
    script.status(12, SFTPStatus.noSuchFile)
    script.status(14, SFTPStatus.noSuchFile)
    script.status(15, 4)
    #expect(throws: SSHError.self) { try script.found?.get() }
    #expect(script.lane.usable.isSet)
  }

  @Test func moreThanWasAskedForEndsTheLane() throws {
    let script = try Script()
    try script.read()
    script.attributes(8, size: 3)
    script.opened(10, Self.handle)
    script.data(11, Array(repeating: 1, count: 101))
    #expect(throws: SSHError.self) { try script.found?.get() }
    #expect(!script.lane.usable.isSet)
  }

  /// As by a server that reads before it opens: the refusal is not the file's.
  @Test(arguments: [false, true]) func aRefusalIsAskedForAgain(_ isRefusedAgain: Bool) throws {
    let script = try Script()
    try script.read()
    script.attributes(8, size: 3)
    script.opened(10, Self.handle)
    script.status(11, 4)
    #expect(script.found == nil)
    if isRefusedAgain {
      script.status(12, 4)
      #expect(throws: SSHError.self) { try script.found?.get() }
    } else {
      script.data(12, [1, 2, 3])
      #expect(try #require(script.found).get() == [1, 2, 3])
    }
    #expect(script.lane.usable.isSet)
  }

  @Test func anAnswerThatIsOwedIsTheOnlyOne() throws {
    let script = try Script()
    try script.read()
    script.status(8, SFTPStatus.noSuchFile)
    script.status(10, SFTPStatus.noSuchFile)
    // 12 the attributes, 13 the open: no early read beside that which is not answered.
    try script.read()
    script.attributes(12, size: 1)
    script.opened(13, Self.handle)
    script.data(14, [5])
    #expect(try #require(script.found).get() == [5])
  }

  @Test func whatAppearsMeanwhileMayBeADevice() throws {
    let script = try Script()
    try script.read()
    script.status(8, SFTPStatus.noSuchFile)
    script.opened(10, Self.handle)
    #expect(throws: SSHError.self) { try script.found?.get() }
    #expect(!script.lane.usable.isSet)
  }

  /// A device may never answer: nobody else may wait behind it.
  @Test func aDeviceBehindALinkEndsTheLane() throws {
    let script = try Script()
    try script.read()
    script.attributes(8, size: 0, mode: 0o020666)
    script.opened(10, Self.handle)
    #expect(throws: SSHError.self) { try script.found?.get() }
    #expect(!script.lane.usable.isSet)
  }

  /// By a real server, in any order: whole files, parts, folders, what is not there, empty ones, and directories in between.
  @Test func everyFileIsItself() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let contents: [[UInt8]] = [[], [1], Array("two".utf8), (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }]
      let paths = try contents.enumerated().map { try hosts.write("file\($0)", $1) }
      let folder = try RemotePath(hosts.fleet.files.path)
      let missing = try RemotePath(hosts.fleet.files.path + "/missing")
      for _ in 0..<300 {
        switch Int.random(in: 0..<10) {
        case 0:
          #expect(try await failure { try await lane.readFile(missing, limit: 9, deadline: soon) }.code == .notFound)
        case 1:
          #expect(try await failure { try await lane.readFile(folder, limit: 9, deadline: soon) }.code == .notAFile)
        case 2:
          let directory = try await lane.openDirectory(folder, deadline: soon)
          if Bool.random() { while try await directory.next(deadline: soon) != nil {} }
          directory.close()
        case 3:
          let number = Int.random(in: 0..<4)
          #expect(try await lane.openFile(paths[number], deadline: soon).all() == contents[number])
        default:
          let number = Int.random(in: 0..<4)
          let offset = Int.random(in: 0...2) * Int.random(in: 0...40_000)
          let limit = Int.random(in: 1...100_000)
          let slice = try await lane.readFile(paths[number], offset: UInt64(offset), limit: limit, deadline: soon)
          #expect(Array(slice.bytes.readableBytesView) == Array(contents[number].dropFirst(offset).prefix(limit)))
        }
      }
      #expect(lane.isUsable)
    }
  }
}
