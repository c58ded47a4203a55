/// Waits for a condition that something outside brings about, thirty seconds at most.
package func until(
  within bound: Duration = .seconds(30), isolation: isolated (any Actor)? = #isolation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + bound
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw FleetError("the condition did not come true within \(bound)") }
    try await Task.sleep(for: .milliseconds(10))
  }
}
