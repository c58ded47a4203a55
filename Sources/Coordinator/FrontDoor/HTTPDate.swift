import Synchronization
import Telemetry

/// The `Date` field's value, made once a second. Sendable: state behind a lock.
final class HTTPDate: Sendable {
  private let last = Mutex<(second: Int, text: String)>((0, ""))

  var now: String {
    let now = Timestamp.now()
    return last.withLock { last in
      if last.second != now.seconds { last = (now.seconds, now.httpDate) }
      return last.text
    }
  }
}
