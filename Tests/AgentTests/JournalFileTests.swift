import AgentAPI
import Foundation
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite struct JournalFileTests {
  @Test(arguments: 0..<8)
  func aHundredThousandLivesRunNothingTwice(_ part: Int) {
    var crashes = 0
    for seed in 0..<12_500 {
      var storm = JournalStorm(seed: UInt64(part * 12_500 + seed))
      let violation = storm.run()
      crashes += storm.crashes
      if let violation {
        Issue.record("seed \(part * 12_500 + seed): \(violation)")
        return
      }
    }
    #expect(crashes > 12_500)
  }

  private static func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scout-journal-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
  }

  /// The thread that wrote for the one before may hold the folder a moment longer.
  private static func reopened(
    _ folder: String, _ settings: JournalSettings, _ logger: Logger
  ) async throws -> CommandBook {
    for _ in 0..<1000 {
      if let book = try? CommandBook(folder: folder, settings: settings, logger: logger) { return book }
      try await Task.sleep(for: .milliseconds(5))
    }
    return try CommandBook(folder: folder, settings: settings, logger: logger)
  }

  private static func read(_ folder: String) throws -> [JournalRecord] {
    var all: [JournalRecord] = []
    _ = try JournalFile.open(folder, now: 5) { _, records in all += records }
    return all
  }

  private static let records: [JournalRecord] = [
    JournalRecord("a", at: 1, .accepted(body: [1, 2, 3])), JournalRecord("a", at: 2, .started),
    JournalRecord("a", at: 3, .done(JournalTests.result("out", exit: 9))),
    JournalRecord("b", at: 4, .accepted(body: [])),
    JournalRecord("b", at: 5, .unknown(JournalDoubt(code: "lost", message: "why"))),
    JournalRecord("c", at: .min, .withdrawn),
  ]

  /// Each kind of record, its file cut at each of its bytes.
  @Test func aTornTailIsDroppedAndWhatCameBeforeStays() async throws {
    for (index, record) in Self.records.enumerated() {
      try await Self.withFolder { folder in
        let path = folder + "/commands.journal"
        let before = Array(Self.records[..<index])
        do {
          var file = try JournalFile.open(folder, now: 5) { _, _ in }
          for earlier in before { try file.append([earlier]) }
          try file.append([record, record])
        }
        let whole = try Data(contentsOf: URL(filePath: path))
        let length = JournalFrame.frame([record, record]).readableBytes
        #expect(try Self.read(folder) == before + [record, record])
        for cut in 1...length {
          try whole.dropLast(cut).write(to: URL(filePath: path))
          #expect(try Self.read(folder) == before, "record \(index), \(cut) bytes cut")
          // As after a power failure: the length was written, the bytes were not.
          try (whole.dropLast(cut) + Data(count: cut)).write(to: URL(filePath: path))
          let isSame = whole.suffix(cut).allSatisfy { $0 == 0 }
          #expect(try Self.read(folder) == before + (isSame ? [record, record] : []), "record \(index), \(cut) zeros")
        }
        // And it goes on from there.
        do {
          var file = try JournalFile.open(folder, now: 5) { _, _ in }
          try file.append([record])
        }
        #expect(try Self.read(folder).last == record)
      }
    }
  }

  @Test func damageBeforeTheEndStopsTheStart() async throws {
    try await Self.withFolder { folder in
      do {
        var file = try JournalFile.open(folder, now: 5) { _, _ in }
        for record in Self.records { try file.append([record]) }
      }
      let path = URL(filePath: folder + "/commands.journal")
      let whole = try Data(contentsOf: path)
      let lastFrame = JournalFrame.frame([Self.records[Self.records.count - 1]]).readableBytes
      for offset in 0..<(whole.count - lastFrame) where !(8..<16).contains(offset) {
        var bad = whole
        bad[offset] ^= 0x10
        try bad.write(to: path)
        let error = #expect(throws: AgentError.self, "byte \(offset)") { try Self.read(folder) }
        #expect(error?.message.contains("move it away") == true)
      }
    }
  }

  @Test func aFolderBelongsToOneAgent() async throws {
    try await Self.withFolder { folder in
      let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
      let book = try CommandBook(folder: folder, settings: JournalSettings(), logger: logger)
      let error = #expect(throws: AgentError.self) {
        try CommandBook(folder: folder, settings: JournalSettings(), logger: logger)
      }
      #expect(error?.message.contains("another agent") == true && book.running == 0)
      let mode = try FileManager.default.attributesOfItem(atPath: folder + "/commands.journal")[.posixPermissions]
      #expect(mode as? Int == 0o600)
    }
    #expect(throws: AgentError.self) { try Self.read("/proc/no-such-folder/x") }
  }

  /// Many commands at once through the writer, and a slack so small that the file is rewritten again and again.
  @Test func whatIsWrittenTogetherAndRewrittenIsAllThere() async throws {
    try await Self.withFolder { folder in
      let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
      var settings = JournalSettings()
      settings.slack = 2000
      settings.running = 1000
      do {
        let book = try CommandBook(folder: folder, settings: settings, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<200 {
            group.addTask {
              guard case .first(_, let record) = try book.claim("c\(index)", body: [1], mayBegin: true) else { return }
              try await book.accepted(record)
              if index % 4 == 0 { return }
              try await book.starting("c\(index)")
              if index % 4 == 1 { return }
              if index % 4 == 2 {
                await book.failed("c\(index)", AgentError(code: .unreachable, message: "no"))
              } else {
                await book.ended("c\(index)", JournalTests.result("out \(index)"))
              }
            }
          }
          try await group.waitForAll()
        }
      }
      let book = try await Self.reopened(folder, settings, logger)
      let size = try Data(contentsOf: URL(filePath: folder + "/commands.journal")).count
      for index in 0..<200 {
        switch (index % 4, Result { try book.claim("c\(index)", body: [1], mayBegin: true) }) {
        case (0, .success(.first)), (2, .success(.first)): break
        case (1, .failure(let error as AgentError)): #expect(error.mayHaveRun && error.code == .lost)
        case (3, .success(.replay(let result))): #expect(result == JournalTests.result("out \(index)"))
        case (_, let other): Issue.record("command \(index): \(other)")
        }
      }
      // 200 commands with three records each would be far more.
      #expect(size < 60_000, "\(size)")
    }
  }
}
