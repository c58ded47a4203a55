import AsyncHTTPClient
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Who is where, in etcd: rows shared by all coordinators with the same endpoints and prefix. Sendable: state behind a lock.
///
/// It is a help for finding agents, never a judge over links: a link that is up stays in use whatever the rows say, and no method but
/// `run` waits for a network.
///
/// Rows that a coordinator publishes hang on its lease and go with it. There are no locks: a row is written in one
/// transaction with the check that nothing newer came to stand there. While etcd is away, `snapshot` stays as it was
/// last, published rows wait, and the endpoints are tried in turn.
package final class EtcdRegistry: Service {
  private let settings: EtcdSettings
  private let state: EtcdState
  private let file: SnapshotFile?
  private let logger: Logger

  /// Reads the last snapshot, if there is one: blocks for that. Throws `.invalid` for settings out of bounds; a
  /// snapshot that cannot be used is told in the log and ignored.
  package init(_ settings: EtcdSettings, logger: Logger) throws(RegistryError) {
    try settings.validate()
    self.settings = settings
    self.logger = logger
    file = settings.snapshotPath.map(SnapshotFile.init)
    var snapshot = RegistrySnapshot()
    do {
      if let kept = try file?.read() { snapshot = kept }
    } catch {
      logger.warning("Last registry snapshot is of no use", metadata: ["reason": "\(error.message)"])
    }
    state = EtcdState(settings, snapshot: snapshot)
  }

  /// What is known now.
  package var snapshot: RegistrySnapshot { state.hub.snapshot }
  package var standing: RegistryStanding { state.standing }
  package var figures: EtcdFigures { state.figures }

  /// The snapshot now, then each newer one; a slow reader gets only the newest. Ends when the registry does.
  package func snapshots() -> AsyncStream<RegistrySnapshot> { state.hub.follow() }

  /// Wants `row` to be seen by all for as long as this process lives, and returns at once.
  ///
  /// Replaces what this process published under the same id. Throws `.invalid` or `.full`; what becomes of it is told by
  /// `publication(of:)`.
  package func publish(_ row: RegistryRow) throws(RegistryError) {
    try row.validate()
    try state.publish(row)
  }

  /// Takes back what this process published. Rows of others stay.
  package func withdraw(_ id: RegistryRow.ID) { state.withdraw(id) }

  /// Nil for what this process does not publish.
  package func publication(of id: RegistryRow.ID) -> Publication? { state.publication(of: id) }

  /// Follows etcd until graceful shutdown, then gives the lease back. Throws only for certificate files that cannot be
  /// used. Run it once.
  package func run() async throws {
    let http = try EtcdClient.httpClient(settings)
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.follow(http) }
        if let file = self.file { group.addTask { await self.keep(file) } }
      }
    }
    if let lease = state.lease, let endpoint = figures.endpoint {
      // Without this the rows stay for the rest of the lease: no harm, so one short attempt is enough.
      let client = EtcdClient(http: http, endpoint: endpoint, answerTimeout: settings.connectTimeout)
      try? await revoke(lease, client)
    }
    state.hub.finish()
    try? await http.shutdown()
  }

  private func revoke(_ lease: Int64, _ client: EtcdClient) async throws {
    let client = if let user = settings.user { try await client.authenticated(user) } else { client }
    try await client.revoke(lease)
  }

  /// One session after another, at one endpoint after another, until the task is cancelled.
  private func follow(_ http: HTTPClient) async {
    var pause = ReconnectPause(longest: settings.longestPause)
    // Coordinators begin at different members.
    var turn = Int.random(in: 0..<settings.endpoints.count)
    var told: RegistryError.Code?
    while !Task.isCancelled {
      let endpoint = settings.endpoints[turn % settings.endpoints.count]
      let client = EtcdClient(http: http, endpoint: endpoint, answerTimeout: settings.answerTimeout)
      var reason = RegistryError(.unreachable, "the session has ended")
      let began = ContinuousClock.now
      do {
        try await EtcdSession(settings: settings, client: client, state: state, logger: logger).run()
      } catch let failure as RegistryError {
        reason = failure
      } catch {
        if Task.isCancelled { break }
        reason = RegistryError(.unreachable, String(String(describing: error).prefix(200)))
      }
      let wasSynced = state.sessionEnded(reason)
      let metadata: Logger.Metadata = ["endpoint": "\(endpoint)", "reason": "\(reason)"]
      if began.duration(to: .now) > .seconds(1) { pause.succeeded() }
      if wasSynced {
        logger.warning("Registry lost; going on with its last snapshot", metadata: metadata)
      } else if told != reason.code {
        logger.warning("Registry cannot be followed", metadata: metadata)
      } else {
        logger.debug("Registry cannot be followed", metadata: metadata)
      }
      told = reason.code
      // History that is gone is no fault of the endpoint.
      if reason.code != .compacted { turn = (turn + 1) % settings.endpoints.count }
      try? await Task.sleep(for: pause.failed(chance: .random(in: 0...1)))
    }
    _ = state.sessionEnded(RegistryError(.unreachable, "stopped"))
  }

  /// Writes each snapshot of etcd's to the file, at most one in a second.
  private func keep(_ file: SnapshotFile) async {
    var told: RegistryError?
    for await snapshot in state.hub.follow() where snapshot.source == .etcd {
      do {
        try await NIOThreadPool.singleton.runIfActive { try file.write(snapshot) }
        told = nil
      } catch let error as RegistryError {
        if told != error { logger.error("Registry snapshot was not kept", metadata: ["reason": "\(error.message)"]) }
        told = error
      } catch {
        return
      }
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
