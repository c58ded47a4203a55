import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore

/// One stay at one endpoint: list, then watch and write side by side, until one of them fails. A value.
struct EtcdSession: Sendable {
  let settings: EtcdSettings
  let client: EtcdClient
  let state: EtcdState
  let logger: Logger

  /// Always throws: `RegistryError`, or `CancellationError`.
  func run() async throws {
    try await client.greet(settings.connectTimeout)
    let client = if let user = settings.user { try await client.authenticated(user) } else { client }
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    state.sessionBegan(endpoint: client.endpoint, wake: wake)
    let (pairs, revision) = try await client.list(state.keys, maxRows: settings.maxRows)
    try state.listed(pairs, revision: revision)
    // Probes that the connection does not take are dropped; the silence is noticed all the same.
    let (messages, say) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(4))
    let create = EtcdWatchRequest.Create(
      key: state.keys.first, rangeEnd: state.keys.end, startRevision: EtcdInteger(revision + 1))
    say.yield(try Self.line(EtcdWatchRequest(createRequest: create)))
    let holder = LeaseHolder(settings: settings, client: client, state: state, logger: logger)

    try await withThrowingTaskGroup(of: Void.self) { group in
      defer {
        group.cancelAll()
        say.finish()
        wake.finish()
      }
      group.addTask { try await follow(client, messages) }
      group.addTask { try await probe(say) }
      group.addTask { try await holder.hold(wakes) }
      group.addTask {
        wake.yield()
        while true {
          try await Task.sleep(for: settings.leaseTime / 3)
          wake.yield()
        }
      }
      try await group.next()
      try Task.checkCancellation()
      throw RegistryError(.unreachable, "the watch has ended")
    }
  }

  /// Applies what the watch says.
  private func follow(_ client: EtcdClient, _ messages: AsyncStream<ByteBuffer>) async throws {
    let response = try await client.watch(messages)
    var lines = LineCollector(maxBytes: EtcdClient.maxLineBytes)
    for try await chunk in response.body {
      for bytes in try lines.take(chunk.readableBytesView) {
        let line: EtcdLine<EtcdWatchAnswer> = try EtcdClient.decode(Data(bytes))
        if let error = line.error { throw error.asError }
        guard let answer = line.result else { throw RegistryError(.malformed, "a watch's line without a result") }
        try take(answer)
      }
    }
  }

  private func take(_ answer: EtcdWatchAnswer) throws {
    if let revision = answer.compactRevision?.value, revision > 0 {
      throw RegistryError(.compacted, "etcd's history begins at revision \(revision)")
    }
    if answer.canceled == true {
      throw RegistryError(.refused, "the watch was cancelled: \((answer.cancelReason ?? "").prefix(200))")
    }
    if let events = answer.events { try state.happened(events) }
    // A watch that came too late is created first and cancelled by the next line, so being created says nothing yet:
    // what follows it does.
    if state.heard(now: .now, isSynced: answer.created != true) {
      logger.notice("Registry is synced", metadata: ["endpoint": "\(client.endpoint)"])
    }
  }

  /// Asks the watch for signs of life, and throws when there are none.
  private func probe(_ say: AsyncStream<ByteBuffer>.Continuation) async throws {
    let message = try Self.line(EtcdWatchRequest(progressRequest: .init()))
    let began = ContinuousClock.now
    var next = began
    while true {
      let now = ContinuousClock.now
      let end = max(state.lastHeard ?? began, began) + settings.silenceLimit
      guard now < end else {
        throw RegistryError(.timedOut, "the watch was silent for \(settings.silenceLimit)")
      }
      if now >= next {
        say.yield(message)
        next = now + settings.probeInterval
      }
      try await Task.sleep(until: min(next, end), clock: .continuous)
    }
  }

  private static func line(_ request: EtcdWatchRequest) throws -> ByteBuffer {
    var buffer = ByteBuffer(bytes: try JSONEncoder().encode(request))
    buffer.writeInteger(UInt8(ascii: "\n"))
    return buffer
  }
}
