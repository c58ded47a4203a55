import AgentAPI
import Logging
import NIOPosix
import SSH
import SSHConfig
import Synchronization

/// The inventory as it is now, read when it is first asked for and read anew when its files change.
///
/// Sendable: state behind a lock. Reading happens on NIO's thread pool for files, so no caller's thread blocks. Work in
/// flight keeps the inventory that it began with.
final class InventoryStore: Sendable {
  private let settings: AgentSettings
  private let logger: Logger
  private let current = Mutex<Inventory?>(nil)
  private let seen = Mutex<[String: FileStamp]>([:])

  init(settings: AgentSettings, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// - Throws: `AgentError` with `internal` when the configuration cannot be read and none was read before.
  func hosts() async throws -> Inventory {
    if let inventory = current.withLock({ $0 }) { return inventory }
    do {
      return try await read()
    } catch {
      throw AgentError(code: .internal, message: "the agent's ssh_config cannot be used: \(error)")
    }
  }

  /// Reads the configuration again whenever a file of it changed, until the task is cancelled. A configuration that
  /// cannot be read leaves the last good one in force.
  /// - Parameter changed: told the served aliases after each reading.
  func follow(_ changed: @Sendable (Set<String>) -> Void) async {
    var complaint = ""
    while !Task.isCancelled {
      do {
        let stamps = seen.withLock { $0 }
        let isStale = try await NIOThreadPool.singleton.runIfActive {
          stamps.contains { $0.value != FileStamp($0.key) }
        }
        if isStale || current.withLock({ $0 == nil }) {
          let inventory = try await read()
          changed(Set(inventory.all.map(\.alias)))
          logger.info("inventory read", metadata: ["hosts": .stringConvertible(inventory.all.count)])
          complaint = ""
        }
      } catch is CancellationError {
        return
      } catch  where "\(error)" != complaint {
        complaint = "\(error)"
        logger.error("configuration not read", metadata: ["error": .string(complaint)])
      } catch {
        // Said already, and nothing has changed.
      }
      try? await Task.sleep(for: settings.reloadInterval)
    }
  }

  private func read() async throws -> Inventory {
    let settings = settings
    let generation = (current.withLock { $0?.generation } ?? 0) + 1
    let (inventory, stamps) = try await NIOThreadPool.singleton.runIfActive {
      let config = try SSHConfig.load(path: settings.configPath)
      // Taken before use: a change in between is seen at the next look.
      let stamps = config.files.map { ($0, FileStamp($0)) }
      return (
        Inventory(config, settings: settings, generation: generation), Dictionary(stamps) { first, _ in first }
      )
    }
    seen.withLock { $0 = stamps }
    current.withLock { $0 = inventory }
    return inventory
  }
}
