/// A value: one field of a head or of trailers. Pseudo-header fields (`:method`, `:path`, `:status`) are fields like any
/// other and stand first. Source: RFC 9113, section 8.
package struct HTTP2Header: Sendable, Hashable {
  /// In lower case.
  package var name: String
  /// What was not UTF-8 on the wire arrives with replacement characters.
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension [HTTP2Header] {
  /// The value of the first field called `name` (in lower case).
  package func first(named name: String) -> String? {
    first { $0.name == name }?.value
  }
}
