/// A JSON-RPC id or a progress token: both are a string or an integer, and come back as they came.
package enum MessageID: Sendable, Hashable {
  case int(Int64)
  case string(String)

  package init?(_ value: JSON?) {
    switch value {
    case .string(let text): self = .string(text)
    case let value?:
      guard let integer = value.integer else { return nil }
      self = .int(integer)
    case nil: return nil
    }
  }

  package var json: JSON {
    switch self {
    case .int(let value): .int(value)
    case .string(let value): .string(value)
    }
  }
}
