import Libssh2
import NIOCore

/// Climbs a `KillLadder` on one process group through a shell in a second channel. Confined to its event loop.
final class GroupKiller: ChannelUser {
  private let group: Int32
  private let eventLoop: any EventLoop
  private let marker = CommandScript.marker(CommandScript.randomNonce())
  private var ladder: KillLadder
  private var slot: ChannelSlot?
  private var done: ((CommandEnding) -> Void)?
  private var answers = ByteBuffer()
  /// A question is out; what comes unasked is not listened to.
  private var isAsking = false
  private var timer: Scheduled<Void>?
  private var limitTimer: Scheduled<Void>?

  init(group: Int32, eventLoop: any EventLoop) {
    self.group = group
    self.eventLoop = eventLoop
    ladder = KillLadder(now: .now)
  }

  /// `done` is called once: at most 3 s for the channel and 5.5 s for the ladder.
  func start(on connection: ConnectionDriver, done: @escaping (CommandEnding) -> Void) {
    self.done = done
    limit()
    // Of many commands that are ended together each has to wait for room; `limit` bounds that.
    slot = connection.openChannel(.session, .exec(CommandScript.Reader.sh.rawValue), isPatient: true, user: self)
  }

  private func limit() {
    limitTimer?.cancel()
    let patience = TimeAmount(ContinuousClock.now.duration(to: ladder.limit)) + .milliseconds(100)
    limitTimer = eventLoop.assumeIsolated().scheduleTask(in: patience) { self.perform(.finish(.unconfirmed)) }
  }

  private func perform(_ action: KillLadder.Action) {
    switch action {
    case .signal(let name):
      say("signal \(name); ask")
    case .ask:
      say("ask")
    case .wait(let instant):
      timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(ContinuousClock.now.duration(to: instant))) {
        self.perform(self.ladder.timePassed(now: .now))
      }
    case .finish(let ending):
      finish(ending)
    }
  }

  /// The words that the shell is taught: `signal NAME` and `ask`, which says whether anything is left.
  ///
  /// The shell that started the command leads its group, unless a wrapper (ForceCommand) stands between: where there is a ps(1), that says
  /// which group it is and who is left in it; a zombie, which still takes signals, is not. Without, the process is meant where there is
  /// no group of its number.
  private var words: String {
    #"""
    p=\#(group); g=$p; known=
    look() { l=$(ps -A -o pid= -o pgid= -o stat= 2>/dev/null); }
    find() { echo "$l" | while read -r i j k; do if [ "$i" = "$p" ]; then echo "$j"; fi; done; }
    left() { echo "$l" | while read -r i j k; do if [ "$j" = "$g" ]; then case $k in Z*) ;; *) echo x;; esac; fi; done; }
    if look; then known=yes; j=$(find); g=${j:-$g}; fi
    signal() { kill -s $1 -- -$g 2>/dev/null || { [ -z "$known" ] && kill -s $1 $p 2>/dev/null; }; }
    ask() { if look; then a=$(left); elif signal 0; then a=x; else a=; fi; if [ -n "$a" ]; then a=alive; else a=gone; fi; echo \#(marker) $a; }

    """#
  }

  private func say(_ line: String) {
    isAsking = true
    slot?.write(ByteBuffer(string: line + "\n"))
  }

  private func finish(_ ending: CommandEnding) {
    guard let done else { return }
    self.done = nil
    timer?.cancel()
    limitTimer?.cancel()
    // A shell that was too slow to answer may still read this.
    if ending == .unconfirmed { say("signal KILL") }
    slot?.close()
    slot = nil
    done(ending)
  }

  // MARK: ChannelUser

  func channelOpened(_ channel: ChannelSlot) {
    slot = channel
    channel.write(ByteBuffer(string: words))
    let action = ladder.opened(now: .now)
    limit()
    perform(action)
  }

  var wantsBytes: Bool { true }

  func channelReceived(_ bytes: ByteBuffer, _ stream: ChannelStream) {
    answers.writeImmutableBuffer(bytes)
    guard answers.readableBytes <= MarkerScanner.limit else { return finish(.unconfirmed) }
    while let line = answers.readLine() {
      guard isAsking, let word = line.split(separator: " ").last, line.hasSuffix("\(marker) \(word)"),
        word == "gone" || word == "alive"
      else { continue }
      isAsking = false
      perform(ladder.answered(isAlive: word == "alive", now: .now))
    }
    answers.discardReadBytes()
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
