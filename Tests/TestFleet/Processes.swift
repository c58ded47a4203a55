import Foundation

/// Why a fleet could not be started, with what the failed program said.
package struct FleetError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// Runs a program to its end and returns what it wrote; throws with it when the program fails.
@discardableResult
package func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> String {
  let (status, output) = try await programRun(path, arguments, environment: environment)
  guard status == 0 else { throw FleetError("\(path) \(arguments) ended with \(status): \(output)") }
  return output
}

/// A port that nothing listens on now, from the kernel's ephemeral range.
package func freePort() throws -> Int {
  let (descriptor, port) = try boundSocket()
  close(descriptor)
  return port
}

/// A TCP socket bound to a free port of 127.0.0.1.
private func boundSocket() throws -> (descriptor: Int32, port: Int) {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let result = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
    }
  }
  guard result == 0 else {
    close(descriptor)
    throw FleetError("no free port: \(String(cString: strerror(errno)))")
  }
  return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// A listener on loopback that accepts connections, by the kernel's backlog, and never says a word.
///
/// Sendable: holds a descriptor only.
package struct SilentListener: Sendable {
  package let port: Int
  private let descriptor: Int32

  package init() throws {
    (descriptor, port) = try boundSocket()
    guard listen(descriptor, 128) == 0 else { throw FleetError("listen: \(String(cString: strerror(errno)))") }
  }

  package func close() { _ = Glibc.close(descriptor) }
}

/// A port of loopback that answers no one who knocks: the listener's backlog is full, so the kernel drops what comes (listen(2)).
///
/// Sendable: holds descriptors only.
package struct FullListener: Sendable {
  package let port: Int
  private let descriptors: [Int32]

  package init() throws {
    let (listener, port) = try boundSocket()
    guard listen(listener, 0) == 0 else { throw FleetError("listen: \(String(cString: strerror(errno)))") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let clients = (0..<4).map { _ in
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          _ = connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      return client
    }
    descriptors = [listener] + clients
    self.port = port
  }

  package func close() { for descriptor in descriptors { _ = Glibc.close(descriptor) } }
}

/// Process ids whose parent is `pid`, from /proc (proc(5), stat).
func children(of pid: Int32) -> [Int32] { processTable().filter { $0.parent == pid }.map(\.pid) }

/// Process ids of the whole family below `pid`.
func descendants(of pid: Int32) -> [Int32] {
  let table = processTable()
  var family: [Int32] = []
  var wave = [pid]
  while !wave.isEmpty {
    wave = table.filter { wave.contains($0.parent) }.map(\.pid)
    family += wave
  }
  return family
}

/// Process ids of those that were started with this line in their environment.
func processes(withEnvironment line: String) -> [Int32] {
  processTable().map(\.pid).filter { pid in
    let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
    return environment.split(separator: 0).contains(Data(line.utf8))
  }
}

/// Whether a process exists and is not a zombie.
package func isAlive(_ pid: Int32) -> Bool { processTable().contains { $0.pid == pid && $0.state != "Z" } }

private func processTable() -> [(pid: Int32, parent: Int32, state: Substring)] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return names.compactMap { name in
    guard let pid = Int32(name), let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
      let end = stat.lastIndex(of: ")")
    else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 2, let parent = Int32(fields[1]) else { return nil }
    return (pid, parent, fields[0])
  }
}

extension Process {
  /// Kills it with all that it started, as a crash of the machine would, and returns when they are gone.
  func killFamily() async {
    let family = descendants(of: processIdentifier) + [processIdentifier]
    for pid in family { _ = Glibc.kill(pid, SIGKILL) }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        self.waitUntilExit()
        continuation.resume()
      }
    }
    while family.contains(where: isAlive) { try? await Task.sleep(for: .milliseconds(2)) }
  }
}
