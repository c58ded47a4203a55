import NIOCore
import NIOPosix
import Testing

@testable import EventLoopTasks

@Suite struct EventLoopExecutorTests {
  private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

  @Test func aTaskRunsOnTheLoopAlsoAfterItWaited() async throws {
    let executor = EventLoopExecutor(eventLoop)
    try await withTaskExecutorPreference(executor) {
      #expect(eventLoop.inEventLoop)
      try await Task.sleep(for: .milliseconds(1))
      #expect(eventLoop.inEventLoop)
      await Task.yield()
      #expect(eventLoop.inEventLoop)
    }
  }

  @Test func childTasksRunThereToo() async {
    let isThere = await withTaskExecutorPreference(EventLoopExecutor(eventLoop)) { [eventLoop] in
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<8 { group.addTask { eventLoop.inEventLoop } }
        return await group.allSatisfy { $0 }
      }
    }
    #expect(isThere)
  }

  /// Tasks that always have more to do leave the loop its other events.
  @Test(.timeLimit(.minutes(1))) func busyTasksLetTheLoopBreathe() async throws {
    let executor = EventLoopExecutor(eventLoop)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask(executorPreference: executor) {
          while !Task.isCancelled { await Task.yield() }
        }
      }
      var events = 0
      for _ in 0..<20 { events += try await eventLoop.submit { 1 }.get() }
      #expect(events == 20)
      group.cancelAll()
    }
  }

  /// From other threads too, nothing is left lying.
  @Test func manyTasksFromManyThreadsAllRun() async {
    let executor = EventLoopExecutor(eventLoop)
    let count = await withTaskGroup(of: Int.self) { group in
      for number in 0..<2000 {
        group.addTask {
          await withTaskExecutorPreference(executor) {
            await Task.yield()
            return 1
          }
        }
        if number % 100 == 0 { await Task.yield() }
      }
      return await group.reduce(0, +)
    }
    #expect(count == 2000)
  }

  @Test func aTaskOfAGroupMayBeGivenOne() async {
    await withDiscardingTaskGroup { group in
      group.addTask(executorPreference: EventLoopExecutor(eventLoop)) { [eventLoop] in
        #expect(eventLoop.inEventLoop)
      }
    }
  }
}

@Suite struct EventLoopSleepTests {
  @Test func itEndsAtItsInstant() async {
    let instant = ContinuousClock.now + .milliseconds(5)
    await ContinuousClock.wait(until: instant)
    #expect(ContinuousClock.now >= instant)
    await ContinuousClock.wait(until: .now - .seconds(1))
  }

  @Test func cancellingEndsItAtOnce() async {
    await withTaskGroup(of: Void.self) { group in
      // Some are cancelled before they begin, some while they wait.
      for _ in 0..<50 { group.addTask { await ContinuousClock.wait(until: .now + .seconds(3600)) } }
      await Task.yield()
      group.cancelAll()
    }
  }

  @Test func whatEndsTwiceIsResumedOnce() async {
    let sleep = EventLoopSleep(MultiThreadedEventLoopGroup.singleton.next())
    sleep.end()
    sleep.end()
    await sleep.wait(until: .now + .seconds(3600))
  }
}
