import Foundation
import Logging
import Registry
import Testing

struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Returns when `condition` holds; throws after a generous while.
func eventually(
  _ what: String, isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(30)
  while !(try await condition()) {
    guard ContinuousClock.now < deadline else { throw TestFailure("never: \(what)") }
    try await Task.sleep(for: .milliseconds(3))
  }
}

/// How long it took until `condition` held.
func time(
  _ what: String, isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws -> Duration {
  let began = ContinuousClock.now
  try await eventually(what, condition)
  let took = began.duration(to: .now)
  print("measured: \(what): \(took)")
  return took
}

/// What is promised of coordinators: that they agree again within a second of healing. Printed by every run; a turn that took longer is a
/// failure only where the machine does nothing else, which `SCOUT_JUDGE_TIMES=1` in the environment says. A value.
struct Healing {
  let what: String
  private(set) var turns: [Duration] = []

  init(_ what: String) { self.what = what }

  /// From now, when what was broken is healed, until `condition` holds.
  mutating func time(
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
  ) async throws {
    turns.append(try await RegistryTests.time(what, condition))
  }

  func judge(sourceLocation: SourceLocation = #_sourceLocation) {
    guard ProcessInfo.processInfo.environment["SCOUT_JUDGE_TIMES"] == "1" else { return }
    #expect(turns.allSatisfy { $0 <= .seconds(1) }, "\(what): \(turns)", sourceLocation: sourceLocation)
  }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs registries for the length of `body`.
func running<Result>(
  _ registries: [EtcdRegistry], isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for registry in registries { group.addTask { try await registry.run() } }
    defer { group.cancelAll() }
    return try await body()
  }
}

/// A row that an agent `name` can be dialled by.
func dialled(_ name: String, segment: String = "dc1", generation: UInt64 = 1, digest: String? = nil) -> RegistryRow {
  RegistryRow(
    segment: segment, agent: name, way: .dialled, addresses: ["https://\(name).example:7443"], protocolVersion: 1,
    generation: generation, inventoryDigest: digest)
}

func tunnelled(_ name: String, via coordinator: String, generation: UInt64 = 1) -> RegistryRow {
  RegistryRow(
    segment: "dc1", agent: name, way: .tunnelled(coordinator: coordinator), protocolVersion: 1, generation: generation)
}

/// A small seeded generator (splitmix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
