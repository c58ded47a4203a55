/// Whether a private key file is private enough to be used, as ssh decides it. A value.
///
/// Source: sshkey_perm_ok of OpenSSH's authfile.c: a file of one's own must give nothing to group and others.
struct KeyFilePermissions: Sendable, Hashable {
  let owner: UInt32
  /// Permission bits.
  let mode: UInt16

  /// A sentence that names the remedy, or nil when the file may be used.
  /// - Parameter userID: of this process; another owner's file is not ours to judge.
  func fault(path: String, userID: UInt32) -> String? {
    guard owner == userID, mode & 0o077 != 0 else { return nil }
    let digits = String(mode & 0o7777, radix: 8)
    return "\(path) can be read by others (mode \(digits)), so it is not used: chmod 600 \(path)"
  }
}
