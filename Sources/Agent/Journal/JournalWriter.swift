import AgentAPI
import NIOPosix
import Synchronization

/// Writes the journal's file on a thread that may block, so that event loops do not; what comes while one write is under way is
/// written together by the next. Sendable: state behind a lock.
final class JournalWriter: Sendable {
  private struct Batch {
    var records: [JournalRecord]
    var receipts: [JournalReceipt]
  }

  /// All that is known, for a file that has grown or was spoilt.
  typealias Snapshot = @Sendable () -> (created: Int64, records: [JournalRecord])

  private struct State {
    var pending: [(record: JournalRecord, receipt: JournalReceipt)] = []
    var isWriting = false
  }

  private let state = Mutex(State())
  /// Held while a write lasts, by the one thread that writes.
  private let file: Mutex<JournalFile>
  private let slack: Int
  private let threads: NIOThreadPool

  init(_ file: consuming JournalFile, slack: Int, threads: NIOThreadPool = .singleton) {
    self.file = Mutex(file)
    self.slack = slack
    self.threads = threads
  }

  /// Records are written in the order of these calls. Does not wait, and calls nothing back: also from within the caller's lock.
  func enqueue(_ record: JournalRecord, _ snapshot: @escaping Snapshot) -> JournalReceipt {
    let receipt = JournalReceipt()
    let starts = state.withLock { state in
      state.pending.append((record, receipt))
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if starts { threads.submit { _ in self.write(snapshot) } }
    return receipt
  }

  private func write(_ snapshot: Snapshot) {
    while let batch = next() {
      var failure: AgentError?
      do throws(AgentError) {
        try file.withLock { file throws(AgentError) in
          if file.isSpoilt { try rewrite(&file, snapshot) }
          try file.append(batch.records)
        }
      } catch {
        failure = error
      }
      for receipt in batch.receipts { receipt.complete(failure) }
      // Failing, the old file goes on, and it is tried again after the next write.
      file.withLock { if $0.hasGrown(slack: slack) { try? rewrite(&$0, snapshot) } }
    }
  }

  private func next() -> Batch? {
    state.withLock { state in
      guard !state.pending.isEmpty else {
        state.isWriting = false
        return nil
      }
      var batch = Batch(records: [], receipts: [])
      var bytes = 0
      var count = 0
      while count < state.pending.count, bytes < JournalFrame.limit {
        let (record, receipt) = state.pending[count]
        if case .done(let result) = record.step { bytes += result.output.count }
        bytes += 256
        batch.records.append(record)
        batch.receipts.append(receipt)
        count += 1
      }
      state.pending.removeFirst(count)
      return batch
    }
  }

  /// What is known may be ahead of what is written by one record of an id; that is then written again and changes nothing.
  private func rewrite(_ file: inout JournalFile, _ snapshot: Snapshot) throws(AgentError) {
    let (created, records) = snapshot()
    try file.rewrite(records, created: created)
  }
}
