/// A released revision of the protocol, and what it defines. Nothing is emitted that the negotiated one does not define.
package enum MCPRevision: String, Sendable, Hashable, CaseIterable, Comparable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  case november2025 = "2025-11-25"
  case july2026 = "2026-07-28"

  /// What `initialize` may negotiate, oldest first.
  package static let legacy: [MCPRevision] = [.november2024, .march2025, .june2025, .november2025]
  /// What `initialize` answers to a version that it does not know.
  package static let newestLegacy = MCPRevision.november2025
  /// What `server/discover` and -32022 list.
  package static let modern: [MCPRevision] = [.july2026]

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// Stateless: each request says its version and capabilities in `_meta`.
  package var isModern: Bool { self >= .july2026 }

  var hasBatches: Bool { self == .march2025 }
  var hasAnnotations: Bool { self >= .march2025 }
  /// `message` beside `progress` and `total`.
  var hasProgressMessage: Bool { self >= .march2025 }
  /// `title` of tools and of the server, `outputSchema`, `structuredContent`.
  var hasTitles: Bool { self >= .june2025 }
  var hasStructuredContent: Bool { self >= .june2025 }
  /// A first event that carries an id and no data, so that a stream can be resumed before its first message.
  var hasPrimingEvents: Bool { self == .november2025 }

  init?(_ value: JSON?) {
    guard let text = value?.string, let revision = Self(rawValue: text) else { return nil }
    self = revision
  }
}
