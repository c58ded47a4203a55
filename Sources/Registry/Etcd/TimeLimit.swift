/// The result of `body`, or `.timedOut` after `limit`; `body` is cancelled then.
func within<Result: Sendable>(
  _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let result = try await group.next(), let result else {
      throw RegistryError(.timedOut, "\(what): no answer within \(limit)")
    }
    return result
  }
}
