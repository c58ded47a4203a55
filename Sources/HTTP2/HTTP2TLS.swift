/// A value: the PEM files of one side of a mutual TLS 1.3 link. They are read at each `connect` and at `bind`, never on an
/// event loop.
package struct HTTP2TLS: Sendable, Hashable {
  /// Certificates of the authorities that the peer's certificate must come from. The system's are not consulted.
  package var trustRoots: String
  /// This side's certificate, and those between it and the authority, in that order.
  package var certificateChain: String
  package var privateKey: String
  /// Client: the name that the server's certificate must carry, where it is not the host that is connected to. A certificate
  /// that carries the address connected to is accepted too.
  package var serverName: String?
  /// Client: the server's certificate must carry the name or address that is connected to. Where it is false, `policy` alone says
  /// which holder of a certificate of the authority is the one that is meant.
  package var isNameChecked = true
  /// Server: a client may come without a certificate; one that is shown is checked all the same.
  package var isClientCertificateOptional = false
  /// Who, of those that the authority signed, is let in.
  package var policy: PeerPolicy?
  /// Client: stands in for all the files.
  package var chainCheck: ChainCheck?

  /// A client that has nothing yet, and knows the server by `check`.
  package init(check: ChainCheck) {
    self.init(trustRoots: "", certificateChain: "", privateKey: "")
    chainCheck = check
  }

  package init(trustRoots: String, certificateChain: String, privateKey: String, serverName: String? = nil) {
    self.trustRoots = trustRoots
    self.certificateChain = certificateChain
    self.privateKey = privateKey
    self.serverName = serverName
  }
}
