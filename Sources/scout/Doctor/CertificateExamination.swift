import HTTP2

/// Looks at the certificates that secure links and the MCP front door: whether they can be used together, and how long they are in force.
struct CertificateExamination {
  let settings: SettingsReader
  /// Seconds since 1970.
  let now: Int64

  /// Days before the end of a certificate from which it is spoken of.
  static let warning: Int64 = 14

  func findings() -> [Finding] {
    // The front door and an agent's listener have two settings in common; the authority is the agent's alone.
    examine("links to agents", [.agentCA, .agentCert, .agentKey])
      + (settings.text(.tlsCA) == nil ? frontDoor() : examine("the agent's certificate", [.tlsCA, .tlsCert, .tlsKey]))
  }

  private func frontDoor() -> [Finding] {
    guard let chain = settings.text(.tlsCert), let key = settings.text(.tlsKey) else { return [] }
    return examine("the MCP front door", HTTP2TLS(trustRoots: chain, certificateChain: chain, privateKey: key))
  }

  private func examine(_ subject: String, _ files: [Setting]) -> [Finding] {
    let paths = files.compactMap { settings.text($0) }
    guard settings.text(files[0]) != nil else { return [] }
    guard paths.count == files.count else {
      let names = files.map(\.flag).joined(separator: ", ")
      return [Finding(.fault, subject, "\(names) go together: give all three")]
    }
    return examine(subject, HTTP2TLS(trustRoots: paths[0], certificateChain: paths[1], privateKey: paths[2]))
  }

  private func examine(_ subject: String, _ tls: HTTP2TLS) -> [Finding] {
    do {
      var seen: Set<String> = []
      return try tls.certificates().filter { seen.insert("\($0.file) \($0.notAfter)").inserted }.map { certificate in
        let days = (certificate.notAfter - now) / 86_400
        if certificate.notAfter <= now {
          return Finding(.fault, subject, "\(certificate.file) expired \(-days) days ago: issue a new one")
        }
        return Finding(
          days < Self.warning ? .notice : .good, subject, "\(certificate.file) is in force for \(days) days")
      }
    } catch {
      return [Finding(.fault, subject, error.message)]
    }
  }
}
