import X509

/// A value: what a certificate says of itself in its extensions, as far as it matters here.
struct CertificateNames {
  var uris: [String] = []
  var dnsNames: [String] = []
  /// Names of any other kind: addresses, mail.
  var hasOthers = false
  var isAuthority = false

  /// - Throws: `badCertificate`.
  init(_ certificate: Certificate) throws(EnrollmentError) {
    do {
      if case .isCertificateAuthority? = try certificate.extensions.basicConstraints { isAuthority = true }
      for name in try certificate.extensions.subjectAlternativeNames ?? SubjectAlternativeNames() {
        switch name {
        case .uniformResourceIdentifier(let uri): uris.append(uri)
        case .dnsName(let name): dnsNames.append(name)
        default: hasOthers = true
        }
      }
    } catch {
      throw EnrollmentError(.badCertificate, "Extensions that cannot be read: \(NameRule.shown("\(error)"))")
    }
  }
}
