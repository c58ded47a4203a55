package import HTTP2

/// How a link is kept. A value.
package struct LinkSettings: Sendable, Hashable {
  /// For TCP, TLS and the first SETTINGS together; also how long a call waits for a link that is down.
  package var connectTimeout: Duration = .seconds(3)
  /// The first pause between attempts is quick; from the second on it is drawn from nothing to twice the last bound,
  /// beginning here.
  package var firstBackoff: Duration = .seconds(1)
  /// Short: an agent that is back is of use only once it is dialled, a coordinator has some hundred of them at most, and each
  /// of those that are away costs it one attempt in a second and a half on average.
  package var longestBackoff: Duration = .seconds(3)
  /// A link that stood so long begins with quick attempts again.
  package var stableAfter: Duration = .seconds(60)
  /// How long calls that run may finish when the link is given up.
  package var grace: Duration = .seconds(3)
  /// How much less time the agent is told than there is, so that its own answer to a passed deadline arrives.
  package var replyMargin: Duration = .milliseconds(20)
  package var http2 = HTTP2Settings()

  package init() {}
}
