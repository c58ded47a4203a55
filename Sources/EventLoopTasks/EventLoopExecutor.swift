package import NIOCore

/// Runs tasks on one event loop. Sendable: its loop is.
///
/// A task that answers a connection spends its time in short pieces between events of that connection's loop. On the loop's own
/// thread each piece follows its event at once; on the shared pool of threads it would cost a wake-up there and one back. What
/// such a task does between two suspensions must be short, as everything on a loop.
///
/// The loop must outlive the tasks: one that was shut down runs no more of them.
///
/// Source: SE-0417, task executor preference.
package final class EventLoopExecutor: TaskExecutor {
  private let eventLoop: any EventLoop

  package init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
