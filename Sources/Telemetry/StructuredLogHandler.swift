package import Logging

/// One line per event: the constant message and its facts as keys and values. A value.
///
/// Values whose key names a secret (`authorization`, `password`, ...) are written as `[redacted]`; control characters are
/// escaped, so that a remote host's bytes cannot forge a line or drive a terminal.
package struct StructuredLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  package var logLevel: Logger.Level

  private let label: String
  private let format: LogSettings.Format
  private let sink: LogSink

  package init(label: String, level: Logger.Level, format: LogSettings.Format, sink: LogSink) {
    self.label = label
    self.format = format
    self.sink = sink
    logLevel = level
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    // The event's own count before the provider's, and those before the logger's.
    var facts = event.metadata ?? [:]
    if let error = event.error { facts["error"] = .string("\(error)") }
    if let provided = metadataProvider?.get() { facts.merge(provided) { own, _ in own } }
    if !metadata.isEmpty { facts.merge(metadata) { own, _ in own } }
    var line = LogLine(format: format)
    line.add("time", Timestamp.now().description)
    line.add("level", event.level.rawValue)
    line.add("label", label)
    line.add("msg", event.message.description)
    for (key, value) in facts.sorted(by: { $0.key < $1.key }) {
      line.add(key, SecretKeys.contains(key) ? "[redacted]" : value.description)
    }
    sink.write(line.finished(), format: format)
  }
}
