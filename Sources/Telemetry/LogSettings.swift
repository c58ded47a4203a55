package import Logging

/// How the process logs. A value.
package struct LogSettings: Sendable, Hashable {
  /// The shape of one line on stderr.
  package enum Format: String, Sendable, CaseIterable {
    /// `time=... level=info label=http msg="call done" tool=read`
    case logfmt
    /// One JSON object a line.
    case json
  }

  package var level: Logger.Level
  package var format: Format

  package init(level: Logger.Level = .info, format: Format = .logfmt) {
    self.level = level
    self.format = format
  }

  /// Reads `SCOUT_LOG_LEVEL` and `SCOUT_LOG_FORMAT` as people write them (any case, `warn` for warning).
  ///
  /// - Returns: nil when the level or the format is not a known one; `allowed` says which are.
  package init?(level: String, format: String) {
    let name = level.lowercased()
    guard let level = Logger.Level(rawValue: name == "warn" ? "warning" : name),
      let format = Format(rawValue: format.lowercased())
    else { return nil }
    self.init(level: level, format: format)
  }

  /// For the message that refuses a bad value.
  package static let allowed =
    "level: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")); format: logfmt, json"

  /// A logger that writes to `sink`, without any process-wide registration.
  package func logger(label: String, sink: LogSink = .standardError) -> Logger {
    let level = level
    let format = format
    return Logger(label: label) { label in
      StructuredLogHandler(label: label, level: level, format: format, sink: sink)
    }
  }

  /// Makes every `Logger(label:)` of the process log this way. Called once, by the executable, before anything logs.
  package func bootstrap(sink: LogSink = .standardError) {
    let level = level
    let format = format
    LoggingSystem.bootstrap { label in
      StructuredLogHandler(label: label, level: level, format: format, sink: sink)
    }
  }
}
