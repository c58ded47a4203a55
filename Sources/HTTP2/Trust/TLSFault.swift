import NIOSSL

/// Faults of TLS in words that a person reads. Stateless.
package enum TLSFault {
  /// What BoringSSL or the check of certificates found; nil for an error that is not of TLS.
  package static func words(_ error: any Error) -> String? {
    guard error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError else { return nil }
    let text = "\(error)"
    // BoringSSL's reason, as it stands in `error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at ...`.
    guard let reason = text.firstMatch(of: /OPENSSL_internal:([A-Z0-9_]+)/)?.1 else { return text }
    return reason.lowercased().split(separator: "_").joined(separator: " ")
  }
}
