import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads a descriptor of any kind from a thread that may wait, and can be told to stop waiting. Sendable: its descriptors
/// do not change.
///
/// epoll(7) takes no regular file and a terminal's file description is shared with the shell, so that neither NIO's pipe
/// channel nor O_NONBLOCK serves for every stdin; poll(2) does.
final class StdioReader: Sendable {
  private static let chunk = 64 << 10

  private let descriptor: CInt
  /// A pipe whose end says stop.
  private let stopRead: CInt
  private let stopWrite: CInt

  /// Throws `StdioError` where no pipe is to be had. `descriptor` stays the caller's to close.
  init(descriptor: CInt) throws {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw StdioError(call: "pipe", errno: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    self.descriptor = descriptor
    (stopRead, stopWrite) = (ends[0], ends[1])
  }

  deinit {
    close(stopRead)
    close(stopWrite)
  }

  /// What comes next; nil at the end of the input, after an error and after `stop`.
  func next(on threads: NIOThreadPool) async -> [UInt8]? {
    // runIfActive fails only when the pool has been shut down.
    (try? await threads.runIfActive { self.wait() ? self.read() : nil }) ?? nil
  }

  /// Ends `next`, also one that waits now. From anywhere, also twice.
  @Sendable func stop() {
    var byte: UInt8 = 0
    _ = systemWrite(stopWrite, &byte, 1)
  }

  /// Whether `stop` was called, or nobody can write to the input any more. Does not wait.
  var isOver: Bool {
    var states = [
      pollfd(fd: stopRead, events: Int16(POLLIN), revents: 0), pollfd(fd: descriptor, events: 0, revents: 0),
    ]
    return poll(&states, 2, 0) > 0
  }

  /// Whether the input can be read; false once `stop` was called.
  private func wait() -> Bool {
    var wanted = [
      pollfd(fd: stopRead, events: Int16(POLLIN), revents: 0),
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      let ready = poll(&wanted, 2, -1)
      if ready < 0, errno == EINTR { continue }
      return ready > 0 && wanted[0].revents == 0
    }
  }

  /// What read(2) gives; nil at the end and after an error.
  private func read() -> [UInt8]? {
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, filled in
      repeat { count = systemRead(descriptor, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
      filled = max(0, count)
    }
    if count < 0, errno == EAGAIN || errno == EWOULDBLOCK { return [] }
    return count > 0 ? bytes : nil
  }
}

/// A system call on stdin or stdout failed.
struct StdioError: Error, CustomStringConvertible {
  let call: String
  let errno: CInt

  var description: String { "\(call): \(String(cString: strerror(errno)))" }
}

/// read(2), under a name that a method called `read` does not hide.
private func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
