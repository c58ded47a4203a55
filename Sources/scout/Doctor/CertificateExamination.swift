import HTTP2

/// Looks at the certificates that secure links: whether they can be used together, and how long they are in force.
struct CertificateExamination {
  let settings: SettingsReader
  /// Seconds since 1970.
  let now: Int64

  /// Days before the end of a certificate from which it is spoken of.
  static let warning: Int64 = 14

  func findings() -> [Finding] {
    examine("links to agents", [.agentCA, .agentCert, .agentKey])
      + examine("the agent's certificate", [.tlsCA, .tlsCert, .tlsKey])
  }

  private func examine(_ subject: String, _ files: [Setting]) -> [Finding] {
    let paths = files.compactMap { settings.text($0) }
    // The front door has a certificate and a key, and no authority: it is checked where it starts.
    guard settings.text(files[0]) != nil else { return [] }
    guard paths.count == files.count else {
      let names = files.map(\.flag).joined(separator: ", ")
      return [Finding(.fault, subject, "\(names) go together: give all three")]
    }
    let tls = HTTP2TLS(trustRoots: paths[0], certificateChain: paths[1], privateKey: paths[2])
    do {
      var seen: Set<String> = []
      return try tls.certificates().filter { seen.insert("\($0.file) \($0.notAfter)").inserted }.map { certificate in
        let days = (certificate.notAfter - now) / 86_400
        if certificate.notAfter <= now {
          return Finding(.fault, subject, "\(certificate.file) is out of force since \(-days) days: issue a new one")
        }
        return Finding(
          days < Self.warning ? .notice : .good, subject, "\(certificate.file) is in force for \(days) days")
      }
    } catch {
      return [Finding(.fault, subject, error.message)]
    }
  }
}
