import Foundation
import Logging
import Telemetry
import Testing

@Suite struct LoggingTests {
  /// What `body` logs, read back through a pipe.
  private func lines(_ settings: LogSettings, _ body: (Logger) -> Void) throws -> [String] {
    let pipe = Pipe()
    body(settings.logger(label: "test", sink: LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)))
    try pipe.fileHandleForWriting.close()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test func logfmtHoldsMessageAndFacts() throws {
    let lines = try lines(LogSettings()) { logger in
      logger.info("call done", metadata: ["tool": "read", "note": "two words", "n": "3"])
      logger.debug("not shown")
    }
    #expect(lines.count == 1)
    #expect(lines[0].hasPrefix("time=2"))
    #expect(lines[0].hasSuffix(#" level=info label=test msg="call done" n=3 note="two words" tool=read"#))
  }

  @Test func jsonLinesParse() throws {
    let lines = try lines(LogSettings(level: .debug, format: .json)) { logger in
      logger.debug("hello", metadata: ["bytes": "a\u{1b}[31m\"\n\u{2028}é"])
    }
    let object = try JSONDecoder().decode([String: String].self, from: Data(lines[0].utf8))
    #expect(object["msg"] == "hello")
    #expect(object["level"] == "debug")
    #expect(object["bytes"] == "a\u{1b}[31m\"\n\u{2028}é")
    #expect(!lines[0].unicodeScalars.contains("\u{1b}"))
  }

  @Test(arguments: [LogSettings.Format.json, .logfmt])
  func marksThatReorderTextAreEscaped(_ format: LogSettings.Format) throws {
    var settings = LogSettings()
    settings.format = format
    let lines = try lines(settings) { $0.info("x", metadata: ["name": "a\u{202E}b\u{2066}\u{FEFF}"]) }
    #expect(lines.first?.contains(#"a\u202eb\u2066\ufeff"#) == true)
  }

  @Test func remoteBytesCannotForgeALine() throws {
    let lines = try lines(LogSettings()) { $0.info("x", metadata: ["name": "a\nlevel=error msg=forged"]) }
    #expect(lines.count == 1)
  }

  @Test(arguments: ["Authorization", "x-api-key", "ssh_password", "sessionToken", "key_passphrase"])
  func secretsAreRedacted(key: String) throws {
    // Again and again: what was found out about a key is remembered.
    for _ in 0..<2 {
      let lines = try lines(LogSettings()) { $0.info("x", metadata: [key: "hunter2", "key": "plain"]) }
      #expect(lines[0].contains("[redacted]") && lines[0].contains("key=plain"))
      #expect(!lines[0].contains("hunter2"))
    }
  }

  @Test(arguments: LogSettings.Format.allCases)
  func aFullPipeDropsLinesInsteadOfBlocking(_ format: LogSettings.Format) throws {
    let pipe = Pipe()
    let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    let logger = LogSettings(format: format).logger(label: "test", sink: sink)
    let filler = String(repeating: "x", count: 2000)
    for _ in 0..<100 { logger.info("filler", metadata: ["f": .string(filler)]) }
    #expect(sink.droppedLines > 0)
    let first = try #require(try pipe.fileHandleForReading.read(upToCount: 20_000))
    #expect(!first.isEmpty)
    logger.info("after")
    try pipe.fileHandleForWriting.close()
    let rest = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    #expect(rest.contains("log lines dropped"))
    #expect(rest.contains(format == .json ? #""msg":"after""# : "msg=after"))
    // The one that tells of them is as the others.
    #expect(format == .logfmt || rest.split(separator: "\n").suffix(2).allSatisfy { $0.hasPrefix("{") })
    #expect(sink.droppedLines == 0)
  }

  /// A line that is too long for a pipe loses the end of its longest value, not its form.
  @Test(arguments: ["x", "\u{1b}", "\u{e9}", "\u{1F600}"])
  func longValuesAreShortened(_ scalar: String) throws {
    var settings = LogSettings()
    settings.format = .json
    let line = try #require(
      try lines(settings) { logger in
        logger.info(
          "m", metadata: ["a": .string(String(repeating: scalar, count: 5000)), "b": "kept, or left out whole"])
      }.first)
    #expect(line.utf8.count < 4096)
    let fields = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    #expect(fields["a"]?.hasSuffix("\u{2026}") == true && fields["a"]?.hasPrefix(scalar) == true)
  }

  @Test func auditLinesPassAnyLevel() throws {
    let lines = try lines(LogSettings(level: .critical)) { logger in
      AuditLog(logger: logger).record(
        .init(
          requestID: "r-1", principal: "ops", tool: "read", targets: 12, outcome: "ok", duration: .microseconds(1540)))
    }
    #expect(lines.count == 1)
    #expect(lines[0].hasSuffix("msg=operation ms=1.5 outcome=ok principal=ops request_id=r-1 targets=12 tool=read"))
  }

  @Test func levelsAsPeopleWriteThem() {
    #expect(LogSettings(level: "WARN", format: "JSON") == LogSettings(level: .warning, format: .json))
    #expect(LogSettings(level: "loud", format: "json") == nil)
    #expect(LogSettings(level: "info", format: "xml") == nil)
  }

  @Test func requestIDsDiffer() {
    let ids = Set((0..<1000).map { _ in RequestID.mint() })
    #expect(ids.count == 1000)
  }
}
