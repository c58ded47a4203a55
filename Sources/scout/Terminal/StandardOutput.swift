import ArgumentParser
import Foundation

/// Where commands for a person print.
enum StandardOutput {
  /// Writes all of it. Source: write(2).
  ///
  /// - Throws: `ExitCode` 141, as SIGPIPE would end a process, where nobody reads any more; `TerminalError` where it cannot be
  ///   written for another reason.
  static func write(_ data: Data) throws {
    var rest = data[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written >= 0 {
        rest = rest.dropFirst(written)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var wanted = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wanted, 1, -1)
      case EPIPE: throw ExitCode(141)
      default: throw TerminalError("the answer cannot be written: \(String(cString: strerror(errno)))")
      }
    }
  }
}
