import ArgumentParser
import Foundation

/// Where commands for a person print.
enum StandardOutput {
  /// Writes all of it, for as long as somebody reads and the task is not cancelled. Source: write(2), pipe(7).
  ///
  /// - Throws: `ExitCode` 141, as SIGPIPE would end a process, where nobody reads any more; `TerminalError` where it cannot be
  ///   written for another reason; `CancellationError`.
  static func write(_ data: Data) throws {
    let portion = largestPortion()
    var rest = data[...]
    while !rest.isEmpty {
      if portion != .max { try waitForRoom() }
      let written = rest.prefix(portion).withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written >= 0 {
        rest = rest.dropFirst(written)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: try waitForRoom()
      case EPIPE: throw ExitCode(141)
      default: throw TerminalError("the answer cannot be written: \(String(cString: strerror(errno)))")
      }
    }
  }

  /// With its end of line.
  static func print(_ line: String) throws { try write(Data((line + "\n").utf8)) }

  /// What a pipe, socket or terminal with room takes without waiting for its reader; files and /dev/null take all. Source: lseek(2).
  private static func largestPortion() -> Int {
    lseek(STDOUT_FILENO, 0, SEEK_CUR) < 0 && errno == ESPIPE ? Int(PIPE_BUF) : .max
  }

  /// A reader may pause for as long as it likes; whoever cancels is not kept waiting for it.
  private static func waitForRoom() throws {
    var wanted = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
    repeat {
      try Task.checkCancellation()
    } while poll(&wanted, 1, 100) == 0
  }
}
