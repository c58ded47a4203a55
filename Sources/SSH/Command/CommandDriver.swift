import DequeModule
import Libssh2
import NIOCore

/// Drives one remote command in its channel. Confined to its event loop.
final class CommandDriver: ChannelUser {
  enum Event: Sendable {
    /// The command runs, in a process group of its own. Once, before any output.
    case launched
    case output(OutputChunk)
    case exit(CommandExit)
  }

  private enum State {
    /// The script is sent as soon as there is a channel; its marker is awaited. Can transition to: running, over; stays when the
    /// login shell did not read it and /bin/sh is to.
    case launching
    case running(group: Int32)
    /// The last event, or why there is none.
    case over(Result<CommandExit, SSHError>)
  }

  /// Output that waits for its reader; beyond it the host is held back.
  private static let highWater = 256 << 10
  /// Below this, pieces of one stream are joined while they wait.
  private static let smallPiece = 4 << 10

  private let host: String
  private let command: RemoteCommand
  private var script: CommandScript
  private let connection: ConnectionDriver
  private var slot: ChannelSlot?
  private var state = State.launching
  private var started = ContinuousClock.now

  private var standard: MarkerScanner
  private var errors: MarkerScanner
  private var chunks: Deque<OutputChunk> = []
  private var buffered = 0
  private var delivered = 0
  private var stdoutBytes = 0
  private var stderrBytes = 0
  private var isKilling = false
  private var hasLaunched = false
  private var isLaunchTold = false

  private var reader: Completion<Event>?
  private var onState: (() -> Void)?

  init(_ command: RemoteCommand, on connection: ConnectionDriver) {
    host = connection.host
    self.command = command
    self.connection = connection
    script = CommandScript(command, loginShell: connection.loginShell)
    standard = MarkerScanner(marker: script.marker)
    errors = MarkerScanner(marker: script.marker)
  }

  func start() {
    launch(isPatient: false)
  }

  private func launch(isPatient: Bool) {
    let slot = connection.openChannel(
      .session, .exec(script.reader.rawValue), readsErrors: true, isPatient: isPatient, user: self)
    self.slot = slot
    slot.write(ByteBuffer(bytes: script.bytes))
    if command.stdin == nil { slot.end() }
  }

  // MARK: Reading

  /// The next output, or the exit, which is last. One at a time.
  func next(_ completion: Completion<Event>) {
    reader = completion
    completion.onAbort { [self] in reader = nil }
    deliver()
  }

  private func deliver() {
    guard let reader else { return }
    if hasLaunched, !isLaunchTold {
      isLaunchTold = true
      self.reader = nil
      reader.succeed(.launched)
      // What standard error brings before the marker on standard output waits for it.
    } else if isLaunchTold || isOver, let chunk = chunks.popFirst() {
      self.reader = nil
      let wasFull = !wantsBytes
      buffered -= chunk.bytes.readableBytes
      reader.succeed(.output(chunk))
      if wasFull, wantsBytes { slot?.resumeReading() }
    } else if case .over(let result) = state {
      self.reader = nil
      reader.complete(result.map(Event.exit))
    }
  }

  private var isOver: Bool { if case .over = state { true } else { false } }

  private func become(_ state: State) {
    self.state = state
    onState?()
    deliver()
  }

  private func accept(_ bytes: ByteBuffer, _ stream: OutputChunk.Stream) {
    var bytes = bytes
    let count = bytes.readableBytes
    guard count > 0 else { return }
    switch stream {
    case .stdout: stdoutBytes += count
    case .stderr: stderrBytes += count
    }
    let room = isKilling ? 0 : command.maxOutput - delivered
    guard room > 0, let kept = bytes.readSlice(length: min(room, count)) else { return }
    delivered += kept.readableBytes
    buffered += kept.readableBytes
    // A small piece would keep a whole read's memory: it joins the one before.
    if kept.readableBytes < Self.smallPiece, let last = chunks.indices.last, chunks[last].stream == stream,
      chunks[last].bytes.readableBytes < Self.smallPiece
    {
      chunks[last].bytes.writeImmutableBuffer(kept)
    } else {
      chunks.append(OutputChunk(stream: stream, bytes: kept))
    }
    deliver()
  }

  /// Why there was no event in time.
  var lateness: SSHError {
    let hint =
      switch state {
      case .launching where slot?.wasRequested != true:
        "no channel was free in time: ask for less at once, or allow more time"
      case .launching:
        "the account's login shell did not get to the command in time: look at what its startup files wait for"
      case .running, .over: "the command did not end in time: have it do less, or allow more time"
      }
    return SSHError(.timeout, "\(host): \(hint)", phase: .operation)
  }

  // MARK: ChannelUser

  func channelOpened(_ channel: ChannelSlot) {
    started = .now
  }

  var wantsBytes: Bool { isKilling || buffered < Self.highWater }

  func channelReceived(_ bytes: ByteBuffer, _ stream: ChannelStream) {
    switch stream {
    case .standard where standard.hasPassed: accept(withoutJoinedMarker(bytes), .stdout)
    case .error where errors.hasPassed: accept(bytes, .stderr)
    case .error:
      switch errors.receive(bytes) {
      case .searching: break
      case .found(_, let rest): accept(rest, .stderr)
      case .tooMuch: giveUpLaunch("prints more than \(MarkerScanner.limit) bytes first", mayHaveRun: true)
      }
    case .standard:
      switch standard.receive(bytes) {
      case .searching: break
      case .found(let words, let rest): launched(words, rest)
      case .tooMuch: giveUpLaunch("prints more than \(MarkerScanner.limit) bytes first", mayHaveRun: true)
      }
    }
  }

  /// A wrapper that joins both streams (`2>&1`) has the second marker at the beginning of the output, of which it is no part.
  private func withoutJoinedMarker(_ bytes: ByteBuffer) -> ByteBuffer {
    guard !errors.hasPassed, stdoutBytes == 0 else { return bytes }
    var bytes = bytes
    let line = Array((script.marker + "\n").utf8)
    if bytes.readableBytesView.starts(with: line) { bytes.moveReaderIndex(forwardBy: line.count) }
    return bytes
  }

  /// - Parameter words: the shell's process id and, of `sh`, the path of the login shell.
  private func launched(_ words: String, _ rest: ByteBuffer) {
    guard case .launching = state else { return }
    let number = words.prefix { $0 != " " }
    if case .unknown = connection.loginShell {
      connection.loginShell = LoginShell(path: String(words.dropFirst(number.count + 1)))
    }
    // Group 0 and 1 would address other processes than the command's.
    guard let group = Int32(number), group > 1 else {
      return giveUpLaunch("gave no process id that can be signalled (\(number))", mayHaveRun: true)
    }
    if let input = command.stdin {
      slot?.write(ByteBuffer(bytes: input))
      slot?.end()
    }
    hasLaunched = true
    become(.running(group: group))
    accept(withoutJoinedMarker(rest), .stdout)
  }

  /// - Parameter mayHaveRun: /bin/sh has read the script, or may have.
  private func giveUpLaunch(_ reason: String, mayHaveRun: Bool) {
    slot?.close()
    slot = nil
    let outcome = mayHaveRun ? "the command may have run" : "/bin/sh did not start the command"
    var error = SSHError(.failure, "\(host): the login shell \(reason); \(outcome)", phase: .operation)
    error.mayHaveRun = mayHaveRun
    become(.over(.failure(error)))
  }

  func channelEnded(_ exit: ChannelExit) {
    slot = nil
    guard case .running = state else {
      if relaunches() { return }
      let said = [standard.excerpt, errors.excerpt].filter { !$0.isEmpty }.joined(separator: " ")
      // One of the markers may have gone elsewhere (`exec >/dev/null` in a login script); with the other the command followed.
      return giveUpLaunch(
        "ended with \(exit.status)" + (said.isEmpty ? "" : ", saying: \(said)"), mayHaveRun: errors.hasPassed)
    }
    become(
      .over(
        .success(
          CommandExit(
            status: exit.signal.map { .signal($0) } ?? .code(exit.status), stdoutBytes: stdoutBytes,
            stderrBytes: stderrBytes, truncated: stdoutBytes + stderrBytes > delivered,
            duration: .now - started))))
  }

  /// What SHELL promised does not hold, where a wrapper of the host's (ForceCommand) takes commands that it knows and no other: neither
  /// marker has come, so the command was not reached, and is begun again as every login shell understands it.
  private func relaunches() -> Bool {
    guard script.reader == .loginShell, !standard.hasPassed, !errors.hasPassed, !isKilling else { return false }
    connection.loginShell = .other
    script = CommandScript(command, loginShell: .other)
    standard = MarkerScanner(marker: script.marker)
    errors = MarkerScanner(marker: script.marker)
    // The channel that has ended may still count.
    launch(isPatient: true)
    return true
  }

  func channelFailed(_ error: SSHError) {
    var error = error
    // A channel or a request that the host refuses has run nothing; a connection that broke tells nothing.
    switch state {
    case .over: break
    case .launching: if error.scope == .connection, slot?.wasRequested == true { error.mayHaveRun = true }
    case .running: error.mayHaveRun = true
    }
    slot = nil
    become(.over(.failure(error)))
  }

  // MARK: Killing

  /// Ends the command's process group. `done` is called once, see `GroupKiller.start`. Nothing may be read afterwards.
  func kill(_ done: @escaping (CommandEnding) -> Void) {
    isKilling = true
    chunks = []
    buffered = 0
    slot?.resumeReading()
    switch state {
    case .launching where slot?.wasRequested == false:
      slot?.close()
      slot = nil
      done(.notStarted)
    case .over(.success):
      done(.confirmed(lastSignal: nil))
    case .over(.failure(let error)):
      done(error.mayHaveRun ? .unconfirmed : .notStarted)
    case .running(let group):
      kill(group: group, done)
    case .launching:
      awaitLaunch(done)
    }
  }

  /// The shell has the script but has not said its process group: it will, or it ends, or it is given up.
  private func awaitLaunch(_ done: @escaping (CommandEnding) -> Void) {
    let timer = eventLoop.assumeIsolated().scheduleTask(in: .seconds(3)) { [self] in
      onState = nil
      slot?.close()
      slot = nil
      done(.unconfirmed)
    }
    onState = { [self] in
      timer.cancel()
      onState = nil
      kill(done)
    }
  }

  private func kill(group: Int32, _ done: @escaping (CommandEnding) -> Void) {
    GroupKiller(group: group, eventLoop: eventLoop).start(on: connection) { [self] ending in
      slot?.close()
      slot = nil
      done(ending)
    }
  }

  private var eventLoop: any EventLoop { connection.eventLoop }
}
