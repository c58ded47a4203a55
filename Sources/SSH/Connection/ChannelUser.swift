import Libssh2
import NIOCore

/// What a channel is for: a lane, a command, a forwarded connection. Confined to its event loop.
///
/// `channelEnded` or `channelFailed` is last, once.
protocol ChannelUser: AnyObject {
  /// The channel is open and its request accepted.
  func channelOpened(_ channel: ChannelSlot)
  /// While false nothing is read, and the host is held back by the channel's window.
  var wantsBytes: Bool { get }
  func channelReceived(_ bytes: ByteBuffer, _ stream: ChannelStream)
  /// The host has ended it; everything it sent was delivered.
  func channelEnded(_ exit: ChannelExit)
  func channelFailed(_ error: SSHError)
}
