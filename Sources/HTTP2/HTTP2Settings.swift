/// A value: what one side of a link offers and bears. Protocol/README.md tells them to other implementations.
package struct HTTP2Settings: Sendable, Hashable {
  /// Streams that the peer may have open at once. 1...65,535.
  package var maxConcurrentStreams = 256
  /// Bytes that a stream may have in flight towards this side, not yet consumed. 65,535...2^31-1.
  package var streamWindow = 1 << 20
  /// The same for all streams of the connection together. 65,535...2^31-1.
  package var connectionWindow = 16 << 20
  /// Bytes of one head or one block of trailers: names, values and 32 for each field (RFC 9113, section 6.5.2).
  package var maxHeaderListSize = 16 << 10

  /// A stream's queue at which `isWritable` turns false.
  package var highWatermark = 256 << 10
  /// The queue below which `writable()` is called then.
  package var lowWatermark = 64 << 10
  /// The queue at which the stream is reset: its user does not look at `isWritable`.
  package var maxPendingBytes = 16 << 20

  /// Silence after which a PING is sent.
  package var pingAfter: Duration = .seconds(5)
  /// How long after that PING has left this process the connection is given up where nothing at all arrives. While it waits behind
  /// data of this side's own, the same for data that does not move.
  package var pingTimeout: Duration = .seconds(2)
  /// Server: from the TCP connection to the client's first SETTINGS.
  package var handshakeTimeout: Duration = .seconds(10)
  /// Server: age at which a connection is closed, whatever happens on it; nil: none. For listeners that strangers reach, whose places
  /// nobody shall hold for ever.
  package var maxConnectionAge: Duration?
  /// Server: connections open at once; one above it is closed when it comes.
  package var maxConnections = 1024

  /// Server: resets by the client in a burst, before GOAWAY, and how many a second come back. Raise both on a link whose
  /// peer is authenticated and cancels often.
  package var resetBurst = 1000
  package var resetsPerSecond = 33
  /// Server: listens without TLS on any address. Only for what everybody may know.
  package var isPlaintextForAll = false

  package init() {}

  /// The same for a link whose other end has shown a certificate: a coordinator cancels as often as it hedges, and nghttp2's own limit
  /// on resets, made against strangers, would end its link.
  package var authenticated: Self {
    var settings = self
    settings.resetBurst = max(resetBurst, 20_000)
    settings.resetsPerSecond = max(resetsPerSecond, 5_000)
    return settings
  }
}
