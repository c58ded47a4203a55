import Foundation
import NIOCore
import SSH
import TestFleet
import Testing

@Suite struct FilesTests {
  @Test(arguments: [
    "plain", "with space", "it's \"quoted\"", "new\nline", "-rf", "..data", "$(id)", "back\\slash", "ümläut", "*?[x]",
    " lead", "tab\there",
  ])
  func readsOddNames(_ name: String) async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let path = try hosts.write(name, Array("of \(name)".utf8))
      let slice = try await lane.readFile(path, limit: 1000, deadline: soon)
      #expect(slice.bytes == ByteBuffer(string: "of \(name)"))
      #expect(slice.reachedEnd)
      #expect(slice.attributes.kind == .file)
      #expect(slice.attributes.size == UInt64("of \(name)".utf8.count))
    }
  }

  @Test func readsNamesThatAreNotUTF8() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let bytes = Array(hosts.fleet.files.path.utf8) + [0x2F, 0xFF, 0xFE]
      let descriptor = bytes.withUnsafeBytes { name in
        (Array(name) + [0]).withUnsafeBufferPointer { pointer in
          pointer.withMemoryRebound(to: CChar.self) {
            open($0.baseAddress ?? $0.baseAddress.unsafelyUnwrapped, O_CREAT | O_WRONLY, 0o600)
          }
        }
      }
      close(descriptor)
      let path = try RemotePath(bytes)
      #expect(try await lane.readFile(path, limit: 10, deadline: soon).bytes.readableBytes == 0)
      let directory = try await lane.openDirectory(RemotePath(hosts.fleet.files.path), deadline: soon)
      let entries = try await directory.next(deadline: soon)
      #expect(entries?.map(\.name) == [[0xFF, 0xFE]])
      directory.close()
    }
  }

  @Test func readsSlices() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      let path = try hosts.write("slices", content)
      for (offset, limit) in [
        (0, 1), (0, 300_000), (299_999, 10), (65_536, 65_536), (100, 200_000), (300_000, 5), (400_000, 5), (7, 0),
      ] {
        let slice = try await lane.readFile(path, offset: UInt64(offset), limit: limit, deadline: soon)
        let expected = Array(content.dropFirst(offset).prefix(limit))
        #expect(Array(slice.bytes.readableBytesView) == expected)
        #expect(slice.reachedEnd == (offset + limit >= content.count))
      }
      let reader = try await lane.openFile(path, offset: 5, limit: 250_000, deadline: soon)
      #expect(try await reader.all() == Array(content[5..<250_005]))
      #expect(lane.isUsable)
    }
  }

  @Test func readsWhatHasNoSize() async throws {
    try await TestHosts.withLane { _, _, lane in
      let cut = try await lane.readFile(RemotePath("/proc/self/status"), limit: 100, deadline: soon)
      #expect(cut.bytes.readableBytes == 100 && !cut.reachedEnd)
      let slice = try await lane.readFile(RemotePath("/proc/self/status"), limit: 100_000, deadline: soon)
      #expect(String(buffer: slice.bytes).hasPrefix("Name:"))
      #expect(slice.reachedEnd)
      let reader = try await lane.openFile(RemotePath("/proc/cpuinfo"), deadline: soon)
      #expect(try await reader.all() == Array(try Data(contentsOf: URL(filePath: "/proc/cpuinfo"))))
    }
  }

  @Test func streamsABigFile() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      var content = [UInt8](repeating: 0, count: 20_000_000)
      for index in stride(from: 0, to: content.count, by: 997) {
        content[index] = UInt8(truncatingIfNeeded: index / 997)
      }
      let path = try hosts.write("big", content)
      let reader = try await lane.openFile(path, deadline: soon)
      #expect(try await reader.all() == content)
    }
  }

  @Test func closingAReaderInTheMiddleKeepsTheLane() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let path = try hosts.write("big", [UInt8](repeating: 7, count: 5_000_000))
      for _ in 0..<20 {
        let reader = try await lane.openFile(path, deadline: soon)
        _ = try await reader.next(deadline: soon)
        reader.close()
      }
      #expect(try await lane.stat(path, deadline: soon).size == 5_000_000)
    }
  }

  /// They are closed behind other requests, or by themselves after a moment: sftp-server has 100 at most.
  @Test func handlesAreGivenBack() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let path = try hosts.write("file", Array("x".utf8))
      for _ in 0..<300 { _ = try await lane.readFile(path, limit: 1000, deadline: soon) }
      let end = ContinuousClock.now + .seconds(10)
      while Self.isOpenAnywhere(path), .now < end { try await Task.sleep(for: .milliseconds(10)) }
      #expect(!Self.isOpenAnywhere(path))
      let directory = try await lane.openDirectory(RemotePath(hosts.fleet.files.path), deadline: soon)
      while try await directory.next(deadline: soon) != nil {}
      #expect(lane.isUsable)
    }
  }

  /// Whether any process that may be looked into holds it open.
  private static func isOpenAnywhere(_ path: RemotePath) -> Bool {
    let files = FileManager.default
    let wanted = String(decoding: path.bytes, as: UTF8.self)
    return ((try? files.contentsOfDirectory(atPath: "/proc")) ?? []).contains { process in
      let folder = "/proc/\(process)/fd"
      return ((try? files.contentsOfDirectory(atPath: folder)) ?? []).contains {
        (try? files.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == wanted
      }
    }
  }

  @Test func sayswhatIsWrongWithAPath() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let file = try hosts.write("file", [1])
      let folder = try RemotePath(hosts.fleet.files.path)
      let missing = try RemotePath(hosts.fleet.files.path + "/missing")
      let below = try RemotePath(file.description + "/below")
      #expect(try await failure { try await lane.readFile(folder, limit: 1, deadline: soon) }.code == .notAFile)
      #expect(try await failure { try await lane.openFile(folder, deadline: soon) }.code == .notAFile)
      #expect(try await failure { try await lane.openDirectory(file, deadline: soon) }.code == .notADirectory)
      #expect(try await failure { try await lane.readFile(missing, limit: 1, deadline: soon) }.code == .notFound)
      #expect(try await failure { try await lane.openDirectory(missing, deadline: soon) }.code == .notFound)
      #expect(try await failure { try await lane.stat(missing, deadline: soon) }.code == .notFound)
      #expect(try await failure { try await lane.readFile(below, limit: 1, deadline: soon) }.code == .notFound)
      #expect(lane.isUsable)
      // Readable by nobody, root included (proc_sys_permission in fs/proc/proc_sysctl.c).
      let closed = try RemotePath("/proc/sys/vm/compact_memory")
      if FileManager.default.fileExists(atPath: closed.description) {
        #expect(
          try await failure { try await lane.readFile(closed, limit: 1, deadline: soon) }.code == .permissionDenied)
      }
      #expect(lane.isUsable)
    }
  }

  @Test func aNamedPipeIsRefusedInsteadOfWaitedFor() async throws {
    try await TestHosts.withLane { hosts, connection, lane in
      let path = hosts.fleet.files.path + "/pipe"
      mkfifo(path, 0o600)
      let error = try await failure { try await lane.readFile(RemotePath(path), limit: 1, deadline: soon) }
      #expect(error.code == .notAFile)
      #expect(!lane.isUsable)
      // Let go of sshd's open(2).
      close(open(path, O_RDWR))
      let other = try await connection.openLane(deadline: soon)
      #expect(try await other.stat(RemotePath("/"), deadline: soon).kind == .directory)
    }
  }

  @Test func linksAndHomes() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let target = try hosts.write("target", [1, 2, 3])
      let link = hosts.fleet.files.path + "/link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target")
      #expect(try await lane.stat(RemotePath(link), deadline: soon).kind == .file)
      #expect(try await lane.stat(RemotePath(link), followLinks: false, deadline: soon).kind == .symlink)
      #expect(try await lane.readLink(RemotePath(link), deadline: soon) == Array("target".utf8))
      #expect(try await lane.realPath(RemotePath(link), deadline: soon) == target.bytes)
      let home = Array(NSHomeDirectory().utf8)
      #expect(try await lane.realPath(RemotePath("~"), deadline: soon) == home)
      #expect(try await lane.realPath(RemotePath("~/x"), deadline: soon) == home + Array("/x".utf8))
    }
  }

  @Test func listsAHugeDirectoryInBoundedBatches() async throws {
    try await TestHosts.withLane { hosts, _, lane in
      let folder = hosts.fleet.files.path + "/many"
      mkdir(folder, 0o700)
      for number in 0..<50_000 { close(open("\(folder)/entry \(number)", O_CREAT | O_WRONLY, 0o600)) }
      let directory = try await lane.openDirectory(RemotePath(folder), deadline: soon)
      var names = Set<[UInt8]>()
      var largest = 0
      while let batch = try await directory.next(deadline: soon) {
        largest = max(largest, batch.count)
        names.formUnion(batch.map(\.name))
      }
      #expect(names.count == 50_000)
      #expect(largest <= 1000)
      // Stopping after the first batch leaves the lane in order.
      let again = try await lane.openDirectory(RemotePath(folder), deadline: soon)
      _ = try await again.next(deadline: soon)
      again.close()
      #expect(try await lane.stat(RemotePath(folder), deadline: soon).kind == .directory)
    }
  }

  @Test func eightLanesAtOnce() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let path = try hosts.write("shared", [UInt8](repeating: 9, count: 4096))
      let big = try hosts.write("big", [UInt8](repeating: 8, count: 3_000_000))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<8 {
          group.addTask {
            let lane = try await connection.openLane(deadline: soon)
            for _ in 0..<50 {
              let slice = try await lane.readFile(path, limit: 8192, deadline: soon)
              #expect(slice.bytes.readableBytes == 4096)
            }
            if number % 2 == 0 {
              let count = try await lane.openFile(big, deadline: soon).all().count
              #expect(count == 3_000_000)
            }
            lane.close()
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func lanesComeAndGo() async throws {
    try await TestHosts.withConnection { hosts, connection in
      for _ in 0..<30 {
        let lane = try await connection.openLane(deadline: soon)
        _ = try await lane.stat(RemotePath("/"), deadline: soon)
        lane.close()
      }
      #expect(connection.isOpen)
    }
  }

  @Test func tooManyLanesAreOverloaded() async throws {
    try await TestHosts.withConnection { _, connection in
      var lanes: [SFTPLane] = []
      for _ in 0..<10 { lanes.append(try await connection.openLane(deadline: soon)) }
      #expect(try await failure { try await connection.openLane(deadline: soon) }.code == .overloaded)
      lanes.removeLast().close()
      lanes.append(try await connection.openLane(deadline: soon))
      #expect(connection.isOpen)
    }
  }

  @Test func theServersOwnLimitIsOverloaded() async throws {
    var options = TestFleet.Options()
    options.hosts = 1
    options.maxSessions = 2
    try await TestFleet.with(options) { fleet in
      let connection = try await TestHosts(fleet).connect()
      let lanes = [try await connection.openLane(deadline: soon), try await connection.openLane(deadline: soon)]
      #expect(try await failure { try await connection.openLane(deadline: soon) }.code == .overloaded)
      #expect(try await lanes[0].stat(RemotePath("/"), deadline: soon).kind == .directory)
      await connection.close()
    }
  }

  @Test func aTimeoutAndACancelCloseTheLane() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let first = try await connection.openLane(deadline: soon)
      let second = try await connection.openLane(deadline: soon)
      hosts.fleet.pause()
      let late = try await failure {
        try await first.stat(RemotePath("/"), deadline: .now + .milliseconds(100))
      }
      #expect(late.code == .timeout)
      #expect(late.scope == .lane)
      #expect(!first.isUsable)
      let waiting = Task { try await second.stat(RemotePath("/"), deadline: soon) }
      try await Task.sleep(for: .milliseconds(50))
      waiting.cancel()
      #expect(try await failure { try await waiting.value }.code == .cancelled)
      #expect(!second.isUsable)
      hosts.fleet.resume()
      let third = try await connection.openLane(deadline: soon)
      #expect(try await third.stat(RemotePath("/"), deadline: soon).kind == .directory)
    }
  }

  @Test func aServerKilledInMidReadIsAConnectionLost() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      let hosts = try TestHosts(fleet)
      let connection = try await hosts.connect()
      let lane = try await connection.openLane(deadline: soon)
      let path = try hosts.write("big", [UInt8](repeating: 1, count: 40_000_000))
      let reader = try await lane.openFile(path, deadline: soon)
      _ = try await reader.next(deadline: soon)
      await fleet.killServers()
      let error = try await failure { try await reader.all() }
      #expect(error.code == .connectionLost)
      #expect(!error.mayHaveRun)
      #expect(try await connection.ended.get()?.code == .connectionLost)
      #expect(!lane.isUsable)
      try await fleet.restart()
      let again = try await hosts.connect()
      let other = try await again.openLane(deadline: soon)
      #expect(try await other.stat(path, deadline: soon).size == 40_000_000)
      await again.close()
    }
  }
}
