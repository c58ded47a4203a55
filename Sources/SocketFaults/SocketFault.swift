import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Faults of sockets in words that a person reads: the system's own, without names of calls and values of Swift. Stateless.
package enum SocketFault {
  /// What happened to a connection, or to the attempt to make one.
  package static func words(_ error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError: words(error)
    case ChannelError.connectTimeout(let time): "no answer within \(seconds(time)) s"
    case let error as SocketAddressError: words(error)
    default: "\(error)"
    }
  }

  /// Of each address that was tried, once.
  private static func words(_ error: NIOConnectionError) -> String {
    var reasons: [String] = []
    for attempt in error.connectionErrors {
      let words = words(attempt.error)
      if !reasons.contains(words) { reasons.append(words) }
    }
    return reasons.isEmpty ? "the name \(error.host) cannot be resolved" : reasons.joined(separator: "; ")
  }

  private static func words(_ error: SocketAddressError) -> String {
    if case .unknown(let host, _) = error { "the name \(host) cannot be resolved" } else { "\(error)" }
  }

  private static func seconds(_ time: TimeAmount) -> String {
    let tenths = (time.nanoseconds + 50_000_000) / 100_000_000
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}
