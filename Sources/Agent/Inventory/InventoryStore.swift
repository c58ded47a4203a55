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

  private struct State {
    /// The last good one.
    var inventory: Inventory?
    /// Of its files, from before they were read.
    var stamps: [String: FileStamp] = [:]
    var generation: UInt64 = 0
  }
  private let state = Mutex(State())

  init(settings: AgentSettings, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// - Throws: `AgentError` with `internal` when the configuration cannot be read and none was read before.
  func hosts() async throws -> Inventory {
    if let inventory = state.withLock({ $0.inventory }) { return inventory }
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
        let (stamps, isMissing) = state.withLock { ($0.stamps, $0.inventory == nil) }
        let isStale = try await NIOThreadPool.singleton.runIfActive {
          stamps.contains { $0.value != FileStamp($0.key) }
        }
        if isStale || isMissing {
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
    var (inventory, stamps) = try await NIOThreadPool.singleton.runIfActive {
      // Which files there are is known only from reading them. They are read once more behind the look at them, so that a change
      // while they are read is seen by the next look.
      var stamps: [String: FileStamp] = [:]
      for file in try SSHConfig.load(path: settings.configPath).files { stamps[file] = FileStamp(file) }
      let config = try SSHConfig.load(path: settings.configPath)
      for file in config.files where stamps[file] == nil { stamps[file] = FileStamp(file) }
      return (Inventory(config, settings: settings), stamps)
    }
    state.withLock { state in
      state.generation += 1
      inventory.generation = state.generation
      state.inventory = inventory
      state.stamps = stamps
    }
    return inventory
  }
}
