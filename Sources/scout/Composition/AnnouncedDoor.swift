import Coordinator
import Foundation
import Logging
import NIOCore
import ServiceLifecycle

/// The HTTP front door, which says where it listens once it does.
struct AnnouncedDoor: Service, CustomStringConvertible {
  let door: HTTPDoor
  let settings: FrontDoorSettings
  let directory: AgentDirectory
  /// A person started this and wants to know what to do next.
  let isWelcoming: Bool
  let logger: Logger

  /// For logs: none of the settings are theirs.
  var description: String { "HTTPDoor" }

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await door.run() }
      group.addTask { await announce() }
      defer { group.cancelAll() }
      // The announcement ends early; the door's end is ours.
      for try await _ in group {}
    }
  }

  private func announce() async {
    // Why it does not listen is what the door's run() throws.
    guard let address = try? await door.address() else { return }
    let url = settings.url(port: address.port ?? settings.port)
    logger.notice("listening", metadata: ["url": .string(url)])
    guard isWelcoming else { return }
    let hosts = await directory.roster(until: .now + .seconds(5)) { _ in false }.hosts.map(\.name)
    FileHandle.standardError.write(Data(Welcome(url: url, hosts: hosts, needsKey: settings.isAuthenticated).text.utf8))
  }
}
