import Libssh2
import NIOCore

/// Drives one SFTP channel: requests out, answers to whoever asked. Confined to its event loop.
final class LaneDriver: ChannelUser {
  typealias Answer = Result<SFTPReply, SSHError>

  let host: String
  /// Cleared for good when the lane cannot be used any more.
  let usable = Flag()
  private var client = SFTPClient()
  private var slot: ChannelSlot?
  private var waiting: [UInt32: (Answer) -> Void] = [:]
  private var greeted: ((SSHError?) -> Void)?
  private var failure: SSHError?
  private var isReceiving = false
  /// Handles whose close has not been sent.
  private var released: [SFTPHandle] = []
  private var releaseTimer: Scheduled<Void>?
  private var prediction = HandlePrediction()
  private var isReadingEarly = false
  private var eventLoop: (any EventLoop)?

  /// A handle that was given back stays open on the host for so long at most.
  private static let releaseDelay: TimeAmount = .milliseconds(50)

  init(host: String) {
    self.host = host
  }

  /// Opens the channel; `greeted` is called once, with nil when the server has said its version.
  func open(on connection: ConnectionDriver, greeted: @escaping (SSHError?) -> Void) {
    self.greeted = greeted
    eventLoop = connection.eventLoop
    slot = connection.openChannel(.session, .subsystem("sftp"), user: self)
    flush()
  }

  // MARK: For operations

  /// `answer` is called once: later, or at once when the lane has failed.
  func send(_ request: SFTPRequest, _ answer: @escaping (Answer) -> Void) {
    if let failure { return answer(.failure(failure)) }
    // Before it, so that the prediction knows which handles are free then.
    if request.opens { closeReleased() }
    waiting[client.request(request)] = answer
    // What operations send while answers are handed out goes out together.
    if !isReceiving { flush() }
  }

  /// Gives a handle back. Nobody waits for that, and alone it would wake two processes of the host: it goes out with what is asked
  /// next, before another file is opened, or by itself after a moment.
  func release(_ handle: SFTPHandle) {
    guard failure == nil else { return }
    released.append(handle)
    guard releaseTimer == nil else { return }
    releaseTimer = eventLoop?.assumeIsolated().scheduleTask(in: Self.releaseDelay) { [weak self] in
      self?.releaseTimer = nil
      self?.closeReleased()
      self?.flush()
    }
  }

  /// What a file will be called that is opened now, where that can be told: to be asked for right before.
  func predictHandle() -> SFTPHandle? {
    closeReleased()
    return isReadingEarly ? nil : prediction.next
  }

  /// Reads by a predicted handle. One at a time: where the file is not there nobody waits for the answer, and a server that owes it gets
  /// no other.
  func readEarly(_ handle: SFTPHandle, offset: UInt64, count: UInt32, _ answer: @escaping (Answer) -> Void) {
    isReadingEarly = true
    send(.read(handle, offset: offset, count: count)) { [self] in
      isReadingEarly = false
      answer($0)
    }
  }

  private func closeReleased() {
    for handle in released {
      waiting[client.request(.close(handle))] = { _ in }
      prediction.closes(handle)
    }
    released.removeAll(keepingCapacity: true)
  }

  private func flush() {
    if let bytes = client.takeOutbound() { slot?.write(bytes) }
  }

  /// An operation was given up in the middle: answers may come that nobody can place, so the lane ends.
  func abandon(_ reason: SSHError) {
    slot?.close()
    fail(reason)
  }

  func close() {
    abandon(SSHError(.connectionLost, "\(host): the lane was closed", phase: .operation, scope: .lane))
  }

  private func fail(_ error: SSHError) {
    guard failure == nil else { return }
    failure = error
    usable.clear()
    slot = nil
    released = []
    releaseTimer?.cancel()
    let waiting = self.waiting
    self.waiting = [:]
    takeGreeted()?(error)
    for answer in waiting.values { answer(.failure(error)) }
  }

  private func takeGreeted() -> ((SSHError?) -> Void)? {
    defer { greeted = nil }
    return greeted
  }

  // MARK: ChannelUser

  func channelOpened(_ channel: ChannelSlot) {}

  var wantsBytes: Bool { failure == nil }

  func channelReceived(_ bytes: ByteBuffer, _ stream: ChannelStream) {
    isReceiving = true
    defer {
      isReceiving = false
      // Behind what somebody waits for.
      if client.outbound.readableBytes > 0 { closeReleased() }
      flush()
    }
    client.receive(bytes)
    do throws(SFTPViolation) {
      while failure == nil, let answer = try client.next() {
        if let id = answer.id, let reply = answer.reply {
          if case .handle(let handle) = reply { prediction.opened(handle) }
          waiting.removeValue(forKey: id)?(.success(reply))
        } else {
          takeGreeted()?(nil)
        }
      }
    } catch {
      abandon(SSHError(error, host: host))
    }
  }

  func channelEnded(_ exit: ChannelExit) {
    if greeted != nil {
      fail(
        SSHError(
          .unsupported, "\(host): the host starts no SFTP server; check `Subsystem sftp` in its sshd_config",
          phase: .channel, scope: .lane))
    } else {
      fail(SSHError(.connectionLost, "\(host): the SFTP server has ended", phase: .operation, scope: .lane))
    }
  }

  func channelFailed(_ error: SSHError) {
    var error = error
    if error.scope == .request { error.scope = .lane }
    fail(error)
  }
}
