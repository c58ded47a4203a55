import NIOCore
import NIOPosix

/// The threads of the process that serve connections. A namespace.
///
/// A request passes from a client's connection to a link or an SSH connection and back. On one loop that costs nothing, between two
/// it costs a wake-up each way, and the kernel and the hosts' own processes want processors too: half as many loops as processors do
/// more than as many.
enum EventLoops {
  /// Called once in a process, before anything else uses a loop.
  ///
  /// - Throws: `SettingsError`.
  static func start(_ settings: SettingsReader) throws -> any EventLoopGroup {
    OpenFiles.takeAll()
    let wanted = try settings.integer(.eventLoops)
    NIOSingletons.groupLoopCountSuggestion = wanted > 0 ? wanted : max(1, System.coreCount / 2)
    // Files are read now and then: two threads do.
    NIOSingletons.blockingPoolThreadCountSuggestion = 2
    return MultiThreadedEventLoopGroup.singleton
  }
}
