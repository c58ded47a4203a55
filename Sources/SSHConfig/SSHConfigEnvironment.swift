import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What ssh_config's tokens and tildes need to know of the person and the machine. A value.
package struct SSHConfigEnvironment: Sendable {
  /// The home directory of the password database: `~` and `%d`.
  package var home: String
  /// `%u` and the default user.
  package var userName: String
  package var userID: UInt32
  /// `%l`; `%L` is its first label.
  package var hostName: String
  package var variables: [String: String]
  /// Where relative paths of values begin, as for ssh: this process's folder.
  package var workingDirectory: String
  /// `~name`: that user's home directory.
  package var homeOf: @Sendable (_ user: String) -> String?
  /// What `+`, `-` and `^` of algorithm lists refer to.
  package var algorithms: AlgorithmDefaults

  package init(
    home: String, userName: String, userID: UInt32, hostName: String = "localhost", variables: [String: String] = [:],
    workingDirectory: String = "/", homeOf: @escaping @Sendable (_ user: String) -> String? = { _ in nil },
    algorithms: AlgorithmDefaults = .openSSH
  ) {
    self.home = home
    self.userName = userName
    self.userID = userID
    self.hostName = hostName
    self.variables = variables
    self.workingDirectory = workingDirectory
    self.homeOf = homeOf
    self.algorithms = algorithms
  }

  /// Of this process.
  package static func current() -> SSHConfigEnvironment {
    let process = ProcessInfo.processInfo
    let homeOf: @Sendable (String) -> String? = {
      FileManager.default.homeDirectory(forUser: $0)?.pathWithoutEndingSlash
    }
    let userName = process.userName
    return SSHConfigEnvironment(
      home: homeOf(userName) ?? process.environment["HOME"] ?? "/", userName: userName, userID: getuid(),
      hostName: process.hostName, variables: process.environment,
      workingDirectory: FileManager.default.currentDirectoryPath, homeOf: homeOf)
  }
}

extension URL {
  fileprivate var pathWithoutEndingSlash: String {
    let path = self.path(percentEncoded: false)
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }
}
