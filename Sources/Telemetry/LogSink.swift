import Logging
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where log lines go. Sendable: state behind a lock.
///
/// Never blocks: a line is written only when the descriptor can take it at once (poll(2) promises PIPE_BUF bytes, and no
/// line is longer); otherwise the line is dropped and counted, and the next one that fits says how many are missing.
package final class LogSink: Sendable {
  /// PIPE_BUF on Linux: what a pipe takes whole.
  static let longestLine = 4096

  package static let standardError = LogSink(descriptor: STDERR_FILENO)

  private let descriptor: CInt
  private let dropped = Mutex<UInt64>(0)

  /// - Parameter descriptor: stays the caller's to close.
  package init(descriptor: CInt) {
    self.descriptor = descriptor
  }

  /// Lines lost because nobody read them.
  package var droppedLines: UInt64 { dropped.withLock { $0 } }

  /// Writes one line, which ends in a line feed; what exceeds `longestLine` bytes is cut.
  ///
  /// - Parameter format: of the line that tells how many were dropped.
  func write(_ line: [UInt8], format: LogSettings.Format) {
    var line = line
    if line.count >= Self.longestLine {
      line.removeSubrange((Self.longestLine - 1)...)
      line.append(UInt8(ascii: "\n"))
    }
    dropped.withLock { dropped in
      if dropped > 0, put(Self.notice(dropped, format)) { dropped = 0 }
      if !put(line) { dropped += 1 }
    }
  }

  private static func notice(_ dropped: UInt64, _ format: LogSettings.Format) -> [UInt8] {
    var line = LogLine(format: format)
    line.add("time", Timestamp.now().description)
    line.add("level", Logger.Level.warning.rawValue)
    line.add("msg", "log lines dropped")
    line.add("count", "\(dropped)")
    return line.finished()
  }

  private func put(_ bytes: [UInt8]) -> Bool {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&wanted, 1, 0) == 1, wanted.revents & Int16(POLLOUT) != 0 else { return false }
    #if canImport(Glibc)
      let written = Glibc.write(descriptor, bytes, bytes.count)
    #elseif canImport(Musl)
      let written = Musl.write(descriptor, bytes, bytes.count)
    #else
      let written = Darwin.write(descriptor, bytes, bytes.count)
    #endif
    return written > 0
  }
}
