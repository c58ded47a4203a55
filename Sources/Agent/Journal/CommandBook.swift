import AgentAPI
import Foundation
import Logging
import NIOCore
import Synchronization

/// The commands with effects that this agent has had and has: the journal, its file where there is one, and what is under way.
///
/// Sendable: state behind a lock. Without a folder it remembers for as long as the process lives.
final class CommandBook: Sendable {
  /// What a request's caller gets.
  enum Claim: Sendable {
    /// It is the first: it has the command run, once the record is written.
    case first(RunningCommand, JournalRecord)
    case attached(RunningCommand)
    case replay(JournalResult)
  }

  private struct State {
    var journal: Journal
    var running: [String: RunningCommand] = [:]
  }

  private let state: Mutex<State>
  private let writer: JournalWriter?
  private let logger: Logger

  /// - Parameter folder: where the journal is kept; nil: in memory.
  /// - Throws: AgentError for a folder that cannot be used.
  init(folder: String?, settings: JournalSettings, logger: Logger) throws(AgentError) {
    self.logger = logger
    var journal = Journal(settings: settings, created: Self.now)
    guard let folder else {
      state = Mutex(State(journal: journal))
      writer = nil
      return
    }
    var file = try JournalFile.open(folder, now: Self.now) { created, records in
      if created != journal.created, journal.count == 0 { journal = Journal(settings: settings, created: created) }
      for record in records { journal.recovered(record) }
    }
    let doubts = journal.opened(now: Self.now)
    if !doubts.isEmpty {
      logger.warning(
        "commands ran when the agent went down", metadata: ["ids": .string(doubts.map(\.id).joined(separator: " "))])
      try file.append(doubts)
    }
    state = Mutex(State(journal: journal))
    writer = JournalWriter(file, slack: settings.slack)
  }

  /// Commands under way.
  var running: Int { state.withLock { $0.journal.running } }

  // MARK: A request comes

  /// - Parameters:
  ///   - body: the SHA-256 of all that the request says.
  ///   - mayBegin: false: it is only asked for.
  /// - Throws: AgentError: why it is neither run nor told.
  func claim(_ id: String, body: [UInt8], mayBegin: Bool) throws(AgentError) -> Claim {
    let (answer, command) = state.withLock { state in
      let answer = state.journal.asked(id, body: body, mayBegin: mayBegin, now: Self.now)
      if case .begin = answer { state.running[id] = RunningCommand(id: id) }
      return (answer, state.running[id])
    }
    switch (answer, command) {
    case (.begin(let record), let command?): return .first(command, record)
    case (.attach, let command?): return .attached(command)
    case (.begin, nil), (.attach, nil):
      throw AgentError(
        code: .internal, message: "command \(id) is recorded as running and cannot be found. Please report this.")
    case (.replay(let result), _): return .replay(result)
    case (let refusal, _): throw AgentError(refusal, id: id)
    }
  }

  // MARK: What becomes of it

  /// Returns when it is written that the command came.
  func accepted(_ record: JournalRecord) async throws(AgentError) { try await write(record) }

  /// Returns when it is written that the command starts: from then on it is never begun again.
  func starting(_ id: String) async throws(AgentError) {
    guard let record = state.withLock({ $0.journal.starting(id, now: Self.now) }) else {
      throw AgentError(code: .internal, message: "command \(id) cannot start twice. Please report this.")
    }
    try await write(record)
  }

  func ended(_ id: String, _ result: JournalResult) async {
    // The caller's own line may say that it left.
    logger.info(
      "command ended",
      metadata: [
        "command_id": .string(id), "outcome": "ok",
        "output_sha256": .string(result.digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()),
      ])
    await close(id) { $0.ended(id, result, now: Self.now) }
  }

  /// It failed.
  func failed(_ id: String, _ error: AgentError) async {
    logger.info(
      "command ended",
      metadata: [
        "command_id": .string(id), "outcome": .string(error.code.rawValue),
        "may_have_run": .stringConvertible(error.mayHaveRun),
      ])
    await close(id) { journal in
      guard error.mayHaveRun else { return journal.withdrawn(id, now: Self.now) }
      let doubt = JournalDoubt(code: error.code.rawValue, message: error.message)
      // What was never started is not in doubt, whatever the error says.
      return journal.doubted(id, doubt, now: Self.now) ?? journal.withdrawn(id, now: Self.now)
    }
  }

  private func close(_ id: String, _ step: (inout Journal) -> JournalRecord?) async {
    // Its place in the file is taken along with the decision: as soon as the lock is free the id may come anew.
    let receipt = state.withLock { state -> JournalReceipt? in
      state.running[id] = nil
      return step(&state.journal).flatMap { writer?.enqueue($0, snapshot) }
    }
    if let receipt {
      do throws(AgentError) {
        try await receipt.written()
      } catch {
        // The file then says less than is known, and after a crash the answer is `unknown`.
        logger.error("the journal cannot be written", metadata: ["error": .string(error.message)])
      }
    }
  }

  private func write(_ record: JournalRecord) async throws(AgentError) {
    try await writer?.enqueue(record, snapshot).written()
  }

  private var snapshot: JournalWriter.Snapshot {
    { self.state.withLock { ($0.journal.created, $0.journal.snapshot) } }
  }

  /// Seconds since 1970.
  static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension AgentError {
  /// - Parameter refusal: none of those that have an answer.
  fileprivate init(_ refusal: Journal.Answer, id: String) {
    switch refusal {
    case .otherBody:
      self.init(
        code: .invalidArgument,
        message:
          "request id \(id) belongs to another command, or another principal's: send each command under an id of its own"
      )
    case .doubt(let doubt):
      self.init(
        code: FailureCode(rawValue: doubt.code) ?? .lost, message: doubt.message, phase: "journal", mayHaveRun: true,
        scope: .request)
    case .absent(let isProven):
      self.init(
        code: .lost,
        message: isProven
          ? "this agent has never begun command \(id)"
          : "this agent does not know command \(id), and has not kept its journal for long enough to say that it did not run: look on the host",
        phase: "journal", mayHaveRun: !isProven, scope: .request)
    case .full(let seconds):
      self.init(
        code: .overloaded, message: "the agent's journal of commands is full; nothing was run", phase: "journal",
        retryAfter: .seconds(seconds))
    case .begin, .attach, .replay:
      self.init(code: .internal, message: "command \(id) was refused though it has an answer. Please report this.")
    }
  }
}
