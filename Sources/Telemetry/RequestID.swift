import Synchronization

/// Mints the id that follows one request through coordinator, link, agent and every log line.
package enum RequestID {
  /// Tells processes apart: six random characters, chosen once.
  private static let process = String(
    (0..<6).map { _ in Array("abcdefghijklmnopqrstuvwxyz234567").randomElement() ?? "a" })
  private static let count = Atomic<UInt64>(0)

  /// Unique in this process and, by its prefix, very likely among all: `k3f9a2-1f`.
  package static func mint() -> String {
    process + "-" + String(count.wrappingAdd(1, ordering: .relaxed).newValue, radix: 36)
  }
}
