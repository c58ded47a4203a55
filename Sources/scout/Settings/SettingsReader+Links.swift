import AgentAPI
import Foundation
import HTTP2

// What the settings of links have in common.
extension SettingsReader {
  /// `HOST:PORT`; an IPv6 address stands in brackets. Port 0 is for listening.
  ///
  /// - Parameter shown: What was written, for the message.
  func address(
    _ text: String, shown: String? = nil, of setting: Setting
  ) throws(SettingsError) -> (host: String, port: Int) {
    guard let address = Self.address(text) else {
      throw SettingsError("\(setting.variable) (\(setting.flag)): `\(shown ?? text)` is not HOST:PORT")
    }
    return address
  }

  /// For a setting that is such an address, where it is said.
  func checkAddress(_ setting: Setting) throws(SettingsError) {
    if let text = text(setting) { _ = try address(text, of: setting) }
  }

  private static func address(_ text: String) -> (host: String, port: Int)? {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port), colon != text.startIndex
    else { return nil }
    let host = text[..<colon]
    return (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host), port)
  }

  /// Where an agent joins and renews.
  ///
  /// - Parameter origin: Where the texts stand, for the message.
  static func enrollmentAddresses(
    _ texts: [String], in origin: String
  ) throws(SettingsError) -> [EnrollmentClient.Address] {
    var addresses: [EnrollmentClient.Address] = []
    for text in texts {
      guard let (host, port) = address(text), port > 0 else {
        throw SettingsError("\(origin): `\(text)` is not HOST:PORT of a coordinator's --enroll-listen")
      }
      addresses.append(EnrollmentClient.Address(host: host, port: port))
    }
    guard !addresses.isEmpty else {
      throw SettingsError("\(origin) names no HOST:PORT to renew at: join anew with a token of `scout pki token`")
    }
    return addresses
  }

  /// The files of mutual TLS; nil where none is given.
  func mutualTLS(_ authority: Setting, _ certificate: Setting, _ privateKey: Setting) throws(SettingsError) -> HTTP2TLS?
  {
    let files = [authority, certificate, privateKey].map { text($0) }
    if files.allSatisfy({ $0 == nil }) { return nil }
    guard let roots = files[0], let chain = files[1], let key = files[2] else {
      throw SettingsError("\(authority.flag), \(certificate.flag) and \(privateKey.flag) go together: give all three")
    }
    for (setting, file) in [(authority, roots), (certificate, chain), (privateKey, key)]
    where !FileManager.default.isReadableFile(atPath: file) {
      throw SettingsError("\(setting.variable) (\(setting.flag)): `\(file)` is no file that can be read")
    }
    return HTTP2TLS(trustRoots: roots, certificateChain: chain, privateKey: key)
  }
}
