import AgentAPI
import HTTP2

// What the settings of links have in common.
extension SettingsReader {
  /// `HOST:PORT`; an IPv6 address stands in brackets. Port 0 is for listening.
  ///
  /// - Parameter shown: What was written, for the message.
  func address(
    _ text: String, shown: String? = nil, of setting: Setting
  ) throws(SettingsError) -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port), colon != text.startIndex
    else { throw SettingsError("\(setting.variable) (\(setting.flag)): `\(shown ?? text)` is not HOST:PORT") }
    let host = text[..<colon]
    return (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host), port)
  }

  func enrollmentAddresses(
    _ texts: [String], of setting: Setting
  ) throws(SettingsError) -> [EnrollmentClient.Address] {
    var addresses: [EnrollmentClient.Address] = []
    for text in texts {
      let (host, port) = try address(text, of: setting)
      addresses.append(EnrollmentClient.Address(host: host, port: port))
    }
    guard !addresses.isEmpty else {
      throw SettingsError("\(setting.flag): there is no HOST:PORT to renew at: join anew")
    }
    return addresses
  }

  /// The files of mutual TLS; nil where none is given.
  func mutualTLS(_ authority: Setting, _ certificate: Setting, _ key: Setting) throws(SettingsError) -> HTTP2TLS? {
    let files = [authority, certificate, key].map { text($0) }
    if files.allSatisfy({ $0 == nil }) { return nil }
    guard let roots = files[0], let chain = files[1], let key = files[2] else {
      throw SettingsError("\(authority.flag), \(certificate.flag) and \(key.flag) go together: give all three")
    }
    return HTTP2TLS(trustRoots: roots, certificateChain: chain, privateKey: key)
  }
}
