package import NIOCore
import Synchronization

/// Runs tasks on one event loop. Sendable: state behind a lock.
///
/// A task that answers a connection spends its time in short pieces between events of that connection's loop. On the loop's own
/// thread each piece follows its event at once; on the shared pool of threads it would cost a wake-up there and one back. What
/// such a task does between two suspensions must be short, as everything on a loop.
///
/// Pieces run back to back; after every `burst` of them the loop gets a turn for other events.
///
/// The loop must outlive the tasks: one that was shut down runs no more of them.
///
/// Source: SE-0417, task executor preference.
package final class EventLoopExecutor: TaskExecutor {
  private struct Queue {
    var jobs: [UnownedJob] = []
    /// The loop will look.
    var isScheduled = false
  }

  private static let burst = 64

  private let eventLoop: any EventLoop
  private let queue = Mutex(Queue())

  package init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let schedules = queue.withLock { queue in
      queue.jobs.append(job)
      defer { queue.isScheduled = true }
      return !queue.isScheduled
    }
    if schedules { eventLoop.execute { self.runJobs() } }
  }

  private func runJobs() {
    // Swapped with the queue's, so that both keep their memory.
    var jobs: [UnownedJob] = []
    var count = 0
    while count < Self.burst {
      queue.withLock { queue in
        swap(&queue.jobs, &jobs)
        queue.isScheduled = !jobs.isEmpty
      }
      guard !jobs.isEmpty else { return }
      for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
      count += jobs.count
      jobs.removeAll(keepingCapacity: true)
    }
    eventLoop.execute { self.runJobs() }
  }
}
