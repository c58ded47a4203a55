import NIOCore
import NIOSSL

extension HTTP2TLS {
  /// ALPN's name of HTTP/2 over TLS. Source: RFC 9113, section 3.2.
  static let protocolName = "h2"

  /// Reads the files: blocks, so never on an event loop.
  ///
  /// - Throws: `invalidConfiguration`, naming the files.
  func makeContext(side: ConnectionStateMachine.Side) throws(HTTP2Error) -> NIOSSLContext {
    if chainCheck != nil { return try Self.makeContextWithoutFiles() }
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(certificateChain).map { NIOSSLCertificateSource.certificate($0) }
      let key = try NIOSSLPrivateKeySource.privateKey(NIOSSLPrivateKey(file: privateKey, format: .pem))
      var configuration: TLSConfiguration
      switch side {
      case .client:
        configuration = .makeClientConfiguration()
        configuration.certificateChain = chain
        configuration.privateKey = key
        if !isNameChecked { configuration.certificateVerification = .noHostnameVerification }
      case .server:
        configuration = .makeServerConfiguration(certificateChain: chain, privateKey: key)
        // The client's certificate is required and checked; who it names is for the user to look at.
        configuration.certificateVerification =
          isClientCertificateOptional ? .optionalVerification : .noHostnameVerification
      }
      configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(trustRoots))
      configuration.minimumTLSVersion = .tlsv13
      configuration.applicationProtocols = [Self.protocolName]
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw HTTP2Error(
        .invalidConfiguration,
        "Cannot use the certificates \(trustRoots), \(certificateChain) and the key \(privateKey): \(error)",
        scope: .connection, maybeProcessed: false)
    }
  }

  /// For a client whose `chainCheck` decides.
  private static func makeContextWithoutFiles() throws(HTTP2Error) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .noHostnameVerification
    configuration.minimumTLSVersion = .tlsv13
    configuration.applicationProtocols = [protocolName]
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw HTTP2Error(
        .invalidConfiguration, "TLS cannot be set up: \(error)", scope: .connection, maybeProcessed: false)
    }
  }

  /// A client's handler. On the event loop.
  /// - Parameter name: the server's; nil: the certificate is checked against the address.
  func clientHandler(_ context: NIOSSLContext, name: String?) throws -> NIOSSLClientHandler {
    guard let chainCheck else { return try NIOSSLClientHandler(context: context, serverHostname: name) }
    return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, result in
      let chain = certificates.compactMap { try? $0.toDERBytes() }
      let isAccepted = chain.count == certificates.count && chainCheck.accepts(chain)
      result.succeed(isAccepted ? .certificateVerified : .failed)
    }
  }

  /// The certificates of the files and the end of each, after a look at whether they can be used together. Blocks.
  ///
  /// - Throws: `invalidConfiguration`, naming the files.
  package func certificates() throws(HTTP2Error) -> [(file: String, notAfter: Int64)] {
    _ = try makeContext(side: .server)
    do {
      return try [trustRoots, certificateChain].flatMap { file in
        try NIOSSLCertificate.fromPEMFile(file).map { (file, Int64($0.notValidAfter)) }
      }
    } catch {
      throw HTTP2Error(
        .invalidConfiguration, "Cannot read \(trustRoots) and \(certificateChain): \(error)", scope: .connection,
        maybeProcessed: false)
    }
  }
}
