/// What a connection knows of the shell that its host hands every command to. A value.
enum LoginShell {
  /// Nothing has run yet. Can transition to: posix, other.
  case unknown
  /// Understands POSIX's shell language. Can transition to: other, where it shows that it does not.
  case posix
  /// Understands what all shells do.
  case other

  /// By the last part of their paths. zsh(1) is none of them: its own options change what quotes mean.
  private static let posixShells: Set<Substring> = ["sh", "ash", "bash", "dash", "ksh", "mksh"]

  /// - Parameter path: the variable SHELL, which sshd(8) sets to the account's login shell.
  init(path: String) {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    self = Self.posixShells.contains(name) ? .posix : .other
  }
}
