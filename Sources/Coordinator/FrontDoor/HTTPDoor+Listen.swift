import MCP
import Telemetry

/// A legacy session's GET stream: open until its session, its client or the server goes.
extension HTTPDoor {
  func listen(to opened: ListenStream, _ answer: inout AnswerWriter, _ connection: HTTPConnection) async {
    var stream = opened
    let mailbox = Mailbox<ExchangeEvent>()
    metrics.streams.add(1)
    defer { metrics.streams.add(-1) }
    connection.attach(mailbox)
    defer { connection.detach() }
    endpoint.listening(stream) { mailbox.put(.wake, limit: 64) }
    defer { endpoint.closed(stream, now: .now) }

    await answer.write([.head(status: 200, fields: ListenStream.fields)])
    var quietSince = ContinuousClock.now
    while answer.isOpen {
      switch endpoint.next(&stream) {
      case .write(let bytes):
        await answer.write([.body(bytes)])
        quietSince = .now
      case .end:
        return await answer.write([.end])
      case .wait:
        connection.wake(at: quietSince + ListenStream.keepAliveInterval)
        switch await mailbox.next() {
        case .lost: return
        case .drain, .abort: return await answer.write([.end])
        case .wake, .progressed, .logged, .finished, .cancel: break
        }
        if ContinuousClock.now >= quietSince + ListenStream.keepAliveInterval {
          await answer.write([.body(ListenStream.keepAlive)])
          quietSince = .now
        }
      }
    }
  }
}
