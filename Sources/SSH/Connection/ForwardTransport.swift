import Libssh2
import NIOCore

/// A direct-tcpip channel of one connection as the transport of another (ProxyJump). Confined to its event loop.
final class ForwardTransport: ByteTransport, ChannelUser {
  private let completion: Completion<NIOLoopBound<ForwardTransport>>
  private let eventLoop: any EventLoop
  private var slot: ChannelSlot?
  private var place = ""
  private var receiver: (any ByteTransportReceiver)?

  /// Completes with the transport once the outer host has connected to the inner one.
  init(completion: Completion<NIOLoopBound<ForwardTransport>>, eventLoop: any EventLoop) {
    self.completion = completion
    self.eventLoop = eventLoop
  }

  func open(through outer: ConnectionDriver, to host: String, port: Int) {
    place = "\(host) port \(port)"
    let slot = outer.openChannel(.directTCPIP(host: host, port: port), nil, user: self)
    self.slot = slot
    completion.onAbort { slot.close() }
  }

  func attach(_ receiver: any ByteTransportReceiver) {
    self.receiver = receiver
    slot?.resumeReading()
  }

  // MARK: ByteTransport

  func send(_ bytes: ByteBuffer) { slot?.write(bytes) }

  func close() {
    receiver = nil
    slot?.close()
    slot = nil
  }

  func acknowledgePromptly() {}

  // MARK: ChannelUser

  func channelOpened(_ channel: ChannelSlot) {
    guard completion.isWaiting else { return close() }
    completion.succeed(NIOLoopBound(self, eventLoop: eventLoop))
  }

  var wantsBytes: Bool { receiver != nil }

  func channelReceived(_ bytes: ByteBuffer, _ stream: ChannelStream) {
    receiver?.transportReceived(bytes)
    receiver?.transportPaused()
  }

  func channelEnded(_ exit: ChannelExit) { end(nil) }

  func channelFailed(_ error: SSHError) {
    var refusal = error
    if error.code == .overloaded {
      // The outer sshd does not say much: no route, a refused port, or AllowTcpForwarding.
      refusal = SSHError(
        .unreachable, "\(place) cannot be reached through the jump host (\(error.message))", phase: .tcp,
        scope: .connection)
    }
    completion.fail(refusal)
    end(error.message)
  }

  private func end(_ reason: String?) {
    slot = nil
    let receiver = self.receiver
    self.receiver = nil
    receiver?.transportEnded(reason)
  }
}
