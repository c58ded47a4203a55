/// One tool as the list shows it. A value.
package struct MCPTool: Sendable, Hashable {
  /// What a call may do. All four are stated, never left to the reader's default.
  package struct Annotations: Sendable, Hashable {
    package var readOnly: Bool
    package var destructive: Bool
    package var idempotent: Bool
    package var openWorld: Bool

    package init(readOnly: Bool, destructive: Bool, idempotent: Bool, openWorld: Bool) {
      self.readOnly = readOnly
      self.destructive = destructive
      self.idempotent = idempotent
      self.openWorld = openWorld
    }
  }

  /// `[a-zA-Z0-9_-]`, 1 to 64 characters.
  package var name: String
  package var title: String
  /// Under 2048 UTF-16 units, where clients cut.
  package var description: String
  /// A flat JSON Schema of type object: no `$schema`, `$ref`, `$defs`, `oneOf`, `anyOf`, `allOf`.
  package var inputSchema: JSON
  /// As `inputSchema`; what `structuredContent` conforms to.
  package var outputSchema: JSON?
  package var annotations: Annotations

  package init(
    name: String, title: String, description: String, inputSchema: JSON, outputSchema: JSON? = nil,
    annotations: Annotations
  ) {
    self.name = name
    self.title = title
    self.description = description
    self.inputSchema = inputSchema
    self.outputSchema = outputSchema
    self.annotations = annotations
  }
}
