import AgentAPI
import Coordinator
import Foundation
import HTTP2
import Logging
import NIOCore
import Registry
import ServiceLifecycle
import Synchronization

/// The agents that several coordinators share through a registry: the ones that this coordinator was told of are published, and the
/// ones that others published are dialled, too. Sendable: state behind a lock.
///
/// A link that stands is never given up because its row has gone: only an agent whose row is gone and that cannot be reached is
/// forgotten.
final class SharedAgents: Service {
  /// An agent of the settings: `SEGMENT=URL`.
  struct Told: Sendable {
    let segment: String
    let url: String
    let place: Place

    /// - Throws: `SettingsError` for what is no agent's URL.
    init(segment: String, url: String) throws(SettingsError) {
      self.segment = segment
      self.url = url
      place = try Place(segment: segment, url: url)
    }
  }

  /// Where an agent is, however its URL is spelled: letters' case, a standing port, a slash, a priority.
  struct Place: Sendable, Hashable {
    let segment: String
    let host: String
    let port: Int

    init(segment: String, url: String) throws(SettingsError) {
      let parts = try AgentLinks.split("\(segment)=\(url)").url
      self.segment = segment
      host = parts.host
      port = parts.port
    }
  }

  private let registry: EtcdRegistry
  private let told: [Told]
  private let places: Set<Place>
  private let directory: AgentDirectory
  private let logger: Logger
  /// Of the rows that are published: when this process began to, in milliseconds since 1970.
  private let generation: UInt64
  typealias Dial = @Sendable (_ row: RegistryRow) -> (agent: RemoteAgent, priority: Int)?
  /// Nil where the row cannot be dialled.
  private let dial: Dial

  private struct State {
    /// Rows that stand in the registry.
    var listed: Set<RegistryRow.ID> = []
    /// Rows whose agents are dialled.
    var followed: Set<RegistryRow.ID> = []
  }
  private let state = Mutex(State())

  /// Between two looks at whether an agent without a row is still reached.
  private static let pause: Duration = .seconds(10)

  init(
    registry: EtcdRegistry, told: [Told], directory: AgentDirectory, logger: Logger, started: Date = .now,
    dial: @escaping Dial
  ) {
    generation = Self.generation(started)
    self.registry = registry
    self.told = told
    places = Set(told.map(\.place))
    self.directory = directory
    self.logger = logger
    self.dial = dial
  }

  func run() async throws {
    for agent in told { publish(agent) }
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for await snapshot in self.registry.snapshots() {
          for row in self.news(in: snapshot) {
            group.addTask { while await self.follow(row), self.isListed(row.id) {} }
          }
        }
        group.cancelAll()
      }
    }
  }

  /// Rows of agents that others were told of and that are not dialled yet; they are from now on.
  private func news(in snapshot: RegistrySnapshot) -> [RegistryRow] {
    state.withLock { state in
      state.listed = Set(snapshot.rows.keys)
      return snapshot.rows.values.filter { row in
        guard row.id.way == .dialled, let url = row.addresses.first, !isTold(row.id.segment, url) else { return false }
        return state.followed.insert(row.id).inserted
      }
    }
  }

  private func isTold(_ segment: String, _ url: String) -> Bool {
    (try? Place(segment: segment, url: url)).map(places.contains) ?? false
  }

  /// The fence of rows: milliseconds since 1970, at least 1.
  ///
  /// Of several coordinators that were told of the same agent the last to start writes its row, since it knows the newest settings
  /// and protocol. One that was away for long, or is of an older release, cannot put its own over it; it does when the other's goes.
  static func generation(_ started: Date) -> UInt64 {
    UInt64(max(1, min(started.timeIntervalSince1970 * 1_000, 9e15)))
  }

  static func row(_ agent: Told, generation: UInt64) -> RegistryRow {
    RegistryRow(
      segment: agent.segment, agent: agent.url, way: .dialled, addresses: [agent.url],
      protocolVersion: Int(AgentProtocol.version), generation: generation)
  }

  private func publish(_ agent: Told) {
    do throws(RegistryError) {
      try registry.publish(Self.row(agent, generation: generation))
    } catch {
      logger.error(
        "an agent is not shared", metadata: ["agent": .string(agent.url), "reason": .string(error.message)])
    }
  }

  /// Has an agent that another coordinator told of in the directory, until it is forgotten or the task is cancelled.
  ///
  /// - Returns: Whether to try again, if the row is still there: it was forgotten, or has no place at present.
  private func follow(_ row: RegistryRow) async -> Bool {
    guard let (agent, priority) = dial(row) else {
      logger.warning(
        "a shared agent cannot be dialled: https needs --pki or the three files of --agent-ca",
        metadata: ["agent": .string(row.id.agent)])
      return false
    }
    let name = "\(row.id.segment)@\(agent.target.host):\(agent.target.port)"
    guard
      directory.add(
        AgentLink(name: name, segment: row.id.segment, service: agent, priority: priority))
    else {
      // Another row tells of the same agent, in other words: should that one go, this one counts.
      try? await Task.sleep(for: Self.pause)
      return !Task.isCancelled
    }
    logger.notice("a shared agent is dialled", metadata: ["agent": .string(name)])
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await agent.run() }
      group.addTask { await self.untilForgotten(row.id, agent) }
      await group.next()
      group.cancelAll()
    }
    directory.remove(named: name)
    guard !Task.isCancelled else { return false }
    logger.notice("a shared agent is forgotten", metadata: ["agent": .string(name)])
    return true
  }

  /// Whether the row came back while its agent was being forgotten. If not, a new row of it is news again.
  private func isListed(_ id: RegistryRow.ID) -> Bool {
    state.withLock { state in
      if state.listed.contains(id) { return true }
      state.followed.remove(id)
      return false
    }
  }

  private func untilForgotten(_ id: RegistryRow.ID, _ agent: RemoteAgent) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.pause)
      let isListed = state.withLock { $0.listed.contains(id) }
      if !isListed, registry.standing.isSynced, agent.state != .connected { return }
    }
  }
}

extension SharedAgents {
  /// Nil where no etcd is set.
  ///
  /// - Throws: `SettingsError`.
  static func registry(_ settings: SettingsReader, logger: Logger) throws(SettingsError) -> EtcdRegistry? {
    let endpoints = settings.list(.etcd)
    guard !endpoints.isEmpty else { return nil }
    var etcd = EtcdSettings(endpoints: endpoints)
    let names = [Setting.etcdCA, .etcdCert, .etcdKey]
    let files = names.map { settings.text($0) }
    for (name, file) in zip(names, files) {
      guard let file, !FileManager.default.isReadableFile(atPath: file) else { continue }
      throw SettingsError("\(name.variable) (\(name.flag)): \(file) cannot be read: give a PEM file")
    }
    if files.contains(where: { $0 != nil }) {
      etcd.tls = .init(trustRoots: files[0], certificateChain: files[1], privateKey: files[2])
    }
    if let user = settings.text(.etcdUser) {
      etcd.user = .init(name: user, password: settings.text(.etcdPassword) ?? "")
    }
    etcd.snapshotPath = settings.text(.etcdSnapshot)
    do {
      return try EtcdRegistry(etcd, logger: logger)
    } catch {
      throw SettingsError("\(Setting.etcd.variable) (\(Setting.etcd.flag)): \(error.message)")
    }
  }
}
