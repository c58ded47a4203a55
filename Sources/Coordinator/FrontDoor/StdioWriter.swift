import NIOPosix
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes whole lines to a descriptor from a thread that may wait, in the order of `put`. Sendable: state behind a lock.
///
/// poll(2) comes before each write of at most PIPE_BUF bytes, so that a reader who has stopped holds up nothing but this
/// thread, and that for no longer than a second once `finish` was called.
final class StdioWriter: Sendable {
  /// With so much waiting, the reader of stdin pauses.
  private static let highWater = 1 << 20
  /// What a pipe takes whole when poll(2) says that it can be written.
  private static let piece = 4096

  private enum Event: Sendable { case bytes([UInt8]), finished }

  private struct State {
    var waiting = 0
    var isBroken = false
    var deadline: ContinuousClock.Instant?
  }

  private let descriptor: CInt
  private let queue = Mailbox<Event>()
  private let state = Mutex(State())

  init(descriptor: CInt) { self.descriptor = descriptor }

  func put(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    state.withLock { $0.waiting += bytes.count }
    queue.put(.bytes(bytes))
  }

  /// Nothing more will be put; `run` ends when all is written, or after a second.
  func finish() {
    state.withLock { $0.deadline = .now + .seconds(1) }
    queue.put(.finished)
  }

  /// Whether not too much is waiting, or nobody takes it.
  var hasRoom: Bool { state.withLock { $0.waiting < Self.highWater || $0.isBroken || $0.deadline != nil } }

  /// Writes until `finish`. `whenBroken` is called once when the descriptor takes nothing more.
  func run(on threads: NIOThreadPool, whenBroken: @escaping @Sendable () -> Void) async {
    while case .bytes(let bytes) = await queue.next() {
      let isBroken = state.withLock { $0.isBroken }
      if !isBroken, (try? await threads.runIfActive({ self.write(bytes) })) != true {
        state.withLock { $0.isBroken = true }
        whenBroken()
      }
      state.withLock { $0.waiting -= bytes.count }
    }
  }

  /// Whether all of it was written.
  private func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      let ready = poll(&wanted, 1, 100)
      if ready == 0 || (ready < 0 && errno == EINTR) {
        if let deadline = state.withLock({ $0.deadline }), ContinuousClock.now > deadline { return false }
        continue
      }
      guard ready > 0, wanted.revents & Int16(POLLOUT) != 0 else { return false }
      let count = rest.prefix(Self.piece).withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        guard errno == EINTR || errno == EAGAIN else { return false }
        continue
      }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// write(2), under a name that a method called `write` does not hide.
func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
