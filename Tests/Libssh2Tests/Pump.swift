import Foundation
import Glibc
import Libssh2
import TestFleet

/// Carries bytes between a session and a real sshd over a blocking socket: as many at once as are there, or one by one.
final class Pump {
  private let descriptor: CInt
  private let byteAtATime: Bool

  init(host: String, port: Int, byteAtATime: Bool) throws {
    self.byteAtATime = byteAtATime
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw FleetError("connect: \(errno)") }
    var timeout = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// Repeats `operation` until it is ready, with bytes carried in between.
  func drive<Value>(
    _ session: inout Session, _ operation: (inout Session) throws(SessionError) -> Poll<Value>
  ) throws -> Value {
    while true {
      let outcome = try operation(&session)
      flush(&session)
      if case .ready(let value) = outcome { return value }
      try receive(&session)
    }
  }

  func flush(_ session: inout Session) {
    let bytes = session.takeOutbound()
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Changes what the host sent before the session sees it.
  var tamper: (([UInt8]) -> [UInt8])?

  private var held: [UInt8] = []

  private func receive(_ session: inout Session) throws {
    if held.isEmpty {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return session.receiveEnd() }
      held = Array(buffer[..<count])
      if let tamper { held = tamper(held) }
    }
    if byteAtATime {
      let byte = [held.removeFirst()]
      try session.receive(byte.span.bytes)
    } else {
      let bytes = held
      held = []
      try session.receive(bytes.span.bytes)
    }
  }
}
