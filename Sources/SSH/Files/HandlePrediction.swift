/// Which handle a server gives for the file that is opened next. A value, pure.
///
/// OpenSSH's sftp-server gives the handle again that was closed last. So a READ can follow its OPEN at once, a round trip earlier than
/// the answer with the handle; what it brings counts only where that answer names this very handle. Requests about one handle are
/// carried out in the order in which they come (draft-ietf-secsh-filexfer-02, section 6.1): such a READ finds the file that was opened
/// just before it, or nothing. Nothing is predicted of a server that was not seen to give handles again.
struct HandlePrediction {
  private var closed: SFTPHandle?
  private var isGivenAgain = false

  /// Nil: not to be told.
  var next: SFTPHandle? { isGivenAgain ? closed : nil }

  /// The request to close it has been made, before that of the next file.
  mutating func closes(_ handle: SFTPHandle) { closed = handle }

  mutating func opened(_ handle: SFTPHandle) {
    if let closed { isGivenAgain = handle == closed }
    closed = nil
  }
}
