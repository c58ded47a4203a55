/// How much it matters that a request is served when not all can be. From the most to the least.
package enum Criticality: UInt8, Sendable, Hashable, CaseIterable, Comparable {
  /// Health checks, cancellation, the question what became of a request.
  case control
  /// Somebody waits.
  case interactive
  case batch
  /// Prefetches and hedges: nobody misses them.
  case optional

  /// The part of the concurrency limit up to which it is admitted.
  package var share: Double {
    switch self {
    case .control: 1
    case .interactive: 0.95
    case .batch: 0.80
    case .optional: 0.60
    }
  }

  package static func < (left: Criticality, right: Criticality) -> Bool { left.rawValue < right.rawValue }
}
