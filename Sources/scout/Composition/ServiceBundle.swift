import ServiceLifecycle

/// Services that begin and end as one, side by side: shutting them down one after another would take the sum of their times.
struct ServiceBundle: Service, CustomStringConvertible {
  let services: [any Service]

  /// For logs.
  var description: String { "ServiceBundle(\(services.count))" }

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in services { group.addTask { try await service.run() } }
      try await group.waitForAll()
    }
  }
}
