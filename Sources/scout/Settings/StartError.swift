import HTTP2

/// Why a start failed although its settings are sound: an address that is taken or not there yet, a folder that another process
/// still has. It may pass, so the exit code is 1, on which a service manager starts again; after 2, for settings, it does not.
struct StartError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension Setting {
  /// What to throw where nobody can listen on the setting's address.
  func listenFailure(_ text: String, _ error: HTTP2Error) -> any Error {
    let words = "\(variable) (\(flag)) \(text): \(error.message)"
    return error.code == .connectFailed ? StartError(words) : SettingsError(words)
  }
}
