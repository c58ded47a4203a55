import FoundationEssentials

/// A value: one fact of an audit line: a constant name and a bounded, printable value without secrets.
package struct AuditFact: Sendable, Hashable {
  package let name: String
  package let value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = NameRule.shown(value, limit: 512)
  }
}

/// A value: what became of a request to join or to renew, and what the audit line says of it either way.
package struct EnrollmentOutcome: Sendable {
  /// Of a failure the peer is told `peerMessage` and nothing else.
  package let result: Result<IssuedCertificate, EnrollmentError>
  package let facts: [AuditFact]

  init(_ result: Result<IssuedCertificate, EnrollmentError>, _ facts: [AuditFact]) {
    self.result = result
    switch result {
    case .success(let issued):
      let expires = "\(Int64(issued.leaf.notAfter.timeIntervalSince1970))"
      self.facts =
        facts + [
          AuditFact("outcome", "issued"), AuditFact("serial", issued.leaf.serial.text), AuditFact("expires", expires),
        ]
    case .failure(let error):
      self.facts =
        facts + [
          AuditFact("outcome", "refused"), AuditFact("reason", "\(error.code)"), AuditFact("detail", error.message),
        ]
    }
  }
}
