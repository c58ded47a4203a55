import Libssh2
import NIOCore

/// Climbs a `KillLadder` on one process group through a shell in a second channel. Confined to its event loop.
final class GroupKiller: ChannelUser {
  private let group: Int32
  private let eventLoop: any EventLoop
  private let marker = CommandScript.randomMarker()
  private var ladder: KillLadder
  private var slot: ChannelSlot?
  private var done: ((CommandEnding) -> Void)?
  private var answers = ByteBuffer()
  private var timer: Scheduled<Void>?
  private var limitTimer: Scheduled<Void>?

  init(group: Int32, eventLoop: any EventLoop) {
    self.group = group
    self.eventLoop = eventLoop
    ladder = KillLadder(now: .now)
  }

  /// `done` is called once, within about 3 s.
  func start(on connection: ConnectionDriver, done: @escaping (CommandEnding) -> Void) {
    self.done = done
    let patience = TimeAmount(ContinuousClock.now.duration(to: ladder.limit)) + .milliseconds(100)
    limitTimer = eventLoop.assumeIsolated().scheduleTask(in: patience) { self.perform(.finish(.unconfirmed)) }
    slot = connection.openChannel(.session, .exec(CommandScript.shell), user: self)
  }

  private func perform(_ action: KillLadder.Action) {
    switch action {
    case .signal(let name):
      say("kill -s \(name) -- -\(group) 2>/dev/null; " + question)
    case .ask:
      say(question)
    case .wait(let instant):
      timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(ContinuousClock.now.duration(to: instant))) {
        self.perform(self.ladder.timePassed(now: .now))
      }
    case .finish(let ending):
      finish(ending)
    }
  }

  private var question: String {
    "if kill -s 0 -- -\(group) 2>/dev/null; then echo \(marker) alive; else echo \(marker) gone; fi"
  }

  private func say(_ line: String) {
    slot?.write(ByteBuffer(string: line + "\n"))
  }

  private func finish(_ ending: CommandEnding) {
    guard let done else { return }
    self.done = nil
    timer?.cancel()
    limitTimer?.cancel()
    slot?.end()
    slot?.close()
    slot = nil
    done(ending)
  }

  // MARK: ChannelUser

  func channelOpened(_ channel: ChannelSlot) {
    slot = channel
    perform(ladder.opened(now: .now))
  }

  var wantsBytes: Bool { true }

  func channelReceived(_ bytes: ByteBuffer, _ stream: ChannelStream) {
    answers.writeImmutableBuffer(bytes)
    guard answers.readableBytes <= MarkerScanner.limit else { return finish(.unconfirmed) }
    while let line = answers.readLine() {
      if line.hasSuffix("\(marker) gone") {
        perform(ladder.answered(isAlive: false, now: .now))
      } else if line.hasSuffix("\(marker) alive") {
        perform(ladder.answered(isAlive: true, now: .now))
      }
    }
  }

  func channelEnded(_ exit: ChannelExit) { perform(ladder.failed()) }

  func channelFailed(_ error: SSHError) { perform(ladder.failed()) }
}

extension ByteBuffer {
  fileprivate mutating func readLine() -> String? {
    guard let end = readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
      let line = readString(length: end - readerIndex)
    else { return nil }
    moveReaderIndex(forwardBy: 1)
    return line
  }
}
