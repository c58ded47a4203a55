import Crypto

/// Turns what was set for a host into what is used: defaults, tildes, tokens. Confined to one call of `SSHConfig.resolve`.
struct HostFinish {
  private let options: HostOptions
  private let environment: SSHConfigEnvironment
  private let alias: String
  private let hostName: String

  init(options: HostOptions, environment: SSHConfigEnvironment, alias: String, hostName: String) {
    self.options = options
    self.environment = environment
    self.alias = alias
    self.hostName = hostName
  }

  func host() throws(SSHConfigError) -> ResolvedHost {
    var host = ResolvedHost(
      alias: alias, hostName: hostName, port: options.numbers[.port] ?? 22,
      user: options.user ?? environment.userName)
    host.hostKeyAlias = options.texts[.hostKeyAlias]?.asciiLowercased()
    host.unsupported = options.unsupported
    applyProxy(&host)
    try applyPaths(&host)
    applyPlain(&host)
    applyAlgorithms(&host)
    refuseWhatWouldBeIgnored(&host)
    return host
  }

  private func applyProxy(_ host: inout ResolvedHost) {
    switch options.proxy {
    case nil, .noJump, .direct: break
    case .jump(let hops): host.jumps = hops
    case .command(let command, let block, let number):
      var refusal = options
      refusal.refuse("ProxyCommand", command, at: number, of: block)
      host.unsupported = refusal.unsupported
    }
  }

  private func applyPlain(_ host: inout ResolvedHost) {
    host.identitiesOnly = options.flags[.identitiesOnly] ?? false
    host.hashesKnownHosts = options.flags[.hashKnownHosts] ?? false
    host.strictHostKeyChecking = options.strictHostKeyChecking ?? .ask
    host.connectTimeout = options.numbers[.connectTimeout].flatMap { $0 > 0 ? .seconds($0) : nil }
    host.serverAliveInterval = options.numbers[.serverAliveInterval].flatMap { $0 > 0 ? .seconds($0) : nil }
    host.serverAliveCountMax = options.numbers[.serverAliveCountMax] ?? 3
    host.addressFamily = options.addressFamily ?? .any
    host.bindAddress = options.texts[.bindAddress]
    host.preferredAuthentications = options.texts[.preferredAuthentications]?.split(separator: ",").map(String.init)
    host.pubkeyAuthentication = options.flags[.pubkeyAuthentication] ?? true
    host.passwordAuthentication = options.flags[.passwordAuthentication] ?? true
    host.kbdInteractiveAuthentication = options.flags[.kbdInteractiveAuthentication] ?? true
    host.compression = options.flags[.compression] ?? false
    host.requiredRSASize = options.numbers[.requiredRSASize] ?? 1024
    host.tags = options.texts[.tag].map { [$0] } ?? []
  }

  private func applyAlgorithms(_ host: inout ResolvedHost) {
    let defaults = environment.algorithms
    host.ciphers = options.algorithms[.ciphers]?.applied(to: defaults.ciphers)
    host.macs = options.algorithms[.macs]?.applied(to: defaults.macs)
    host.kexAlgorithms = options.algorithms[.kexAlgorithms]?.applied(to: defaults.kexAlgorithms)
    host.hostKeyAlgorithms = options.algorithms[.hostKeyAlgorithms]?.applied(to: defaults.hostKeyAlgorithms)
    host.pubkeyAcceptedAlgorithms =
      options.algorithms[.pubkeyAcceptedAlgorithms]?.applied(to: defaults.pubkeyAcceptedAlgorithms)
  }

  /// Settings that ssh obeys and Scout's connections do not: an error of this host rather than a silent difference.
  /// (`Compression` changes no answer and is left alone.)
  private func refuseWhatWouldBeIgnored(_ host: inout ResolvedHost) {
    func refuse(_ keyword: String, _ value: String, unless usual: Bool) {
      guard !usual else { return }
      host.unsupported.append(
        UnsupportedSetting(
          keyword: keyword, value: value,
          message:
            "\(keyword) \(value) is not supported: leave it out for `\(alias)`, or keep this host from Scout's list"))
    }
    refuse("AddressFamily", host.addressFamily.rawValue, unless: host.addressFamily == .any)
    refuse("BindAddress", host.bindAddress ?? "", unless: host.bindAddress == nil)
    refuse(
      "PubkeyAcceptedAlgorithms", host.pubkeyAcceptedAlgorithms?.joined(separator: ",") ?? "",
      unless: host.pubkeyAcceptedAlgorithms == nil)
    refuse("RequiredRSASize", "\(host.requiredRSASize)", unless: host.requiredRSASize <= 2048)
  }

  private func applyPaths(_ host: inout ResolvedHost) throws(SSHConfigError) {
    let known = host
    let tokens = TokenExpansion(lookUp: { token($0, known) }, variables: environment.variables)
    host.jumps = try host.jumps.map { (hop) throws(SSHConfigError) in
      guard hop.host.contains("%") || hop.user?.contains("%") == true else { return hop }
      return JumpHop(
        user: try hop.user.map { (user) throws(SSHConfigError) in try expand(user, "ProxyJump", tokens.withoutVariables)
        },
        host: try expand(hop.host, "ProxyJump", tokens.withoutVariables), port: hop.port)
    }
    host.identityFilesAreDefaults = options.identityFiles.isEmpty
    if options.identityFiles.isEmpty {
      host.identityFiles = Self.defaultIdentityFiles.map { "\(environment.home)/.ssh/\($0)" }
    } else {
      for file in options.identityFiles where file.asciiLowercased() != "none" {
        host.identityFiles.append(absolute(try expand(try tilde(file, "IdentityFile"), "IdentityFile", tokens)))
      }
    }
    host.identityAgent = try identityAgent(tokens)
    if let files = options.paths[.userKnownHostsFile] {
      for file in files where file.asciiLowercased() != "none" {
        host.userKnownHostsFiles.append(
          absolute(try expand(try tilde(file, "UserKnownHostsFile"), "UserKnownHostsFile", tokens)))
      }
    } else {
      host.userKnownHostsFiles = ["known_hosts", "known_hosts2"].map { "\(environment.home)/.ssh/\($0)" }
    }
    if let files = options.paths[.globalKnownHostsFile] {
      host.globalKnownHostsFiles = files.filter { $0.asciiLowercased() != "none" }.map(absolute)
    } else {
      host.globalKnownHostsFiles = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"]
    }
  }

  /// In ssh's order; those of hardware keys are left out, as no agent-less signer for them is here.
  private static let defaultIdentityFiles = ["id_rsa", "id_ecdsa", "id_ed25519"]

  private func identityAgent(_ tokens: TokenExpansion) throws(SSHConfigError) -> IdentityAgent {
    guard let value = options.texts[.identityAgent], value != "SSH_AUTH_SOCK" else { return .environment }
    if value == "none" { return .none }
    let path = try expand(try tilde(value, "IdentityAgent"), "IdentityAgent", tokens)
    guard path.first == "$" else { return .path(absolute(path)) }
    return environment.variables[String(path.dropFirst())].map { .path(absolute($0)) } ?? .none
  }

  private func expand(
    _ text: String, _ keyword: String, _ tokens: TokenExpansion
  ) throws(SSHConfigError) -> String {
    do {
      return try tokens.expand(text)
    } catch {
      throw SSHConfigError(.value, file: "host `\(alias)`", "\(keyword) `\(text)`: \(error.message)")
    }
  }

  private func tilde(_ path: String, _ keyword: String) throws(SSHConfigError) -> String {
    guard path.first == "~" else { return path }
    let name = path.dropFirst().prefix { $0 != "/" }
    guard let home = name.isEmpty ? environment.home : environment.homeOf(String(name)) else {
      throw SSHConfigError(.value, file: "host `\(alias)`", "\(keyword) `\(path)`: there is no user `\(name)` here")
    }
    return home + path.dropFirst(1 + name.count)
  }

  private func absolute(_ path: String) -> String {
    path.first == "/" ? path : environment.workingDirectory + "/" + path
  }

  /// ssh_config(5) TOKENS.
  private func token(_ name: Character, _ host: ResolvedHost) -> String? {
    switch name {
    case "C": connectionHash(host)
    case "d": environment.home
    case "h": hostName
    case "i": String(environment.userID)
    case "j": host.jumps.last?.host ?? ""
    case "k": host.hostKeyAlias ?? alias
    case "L": String(environment.hostName.prefix { $0 != "." })
    case "l": environment.hostName
    case "n": alias
    case "p": String(host.port)
    case "r": host.user
    case "u": environment.userName
    default: nil
    }
  }

  /// SHA-1 of `%l%h%p%r%j`.
  private func connectionHash(_ host: ResolvedHost) -> String {
    let text = environment.hostName + hostName + String(host.port) + host.user + (host.jumps.last?.host ?? "")
    return Insecure.SHA1.hash(data: Array(text.utf8)).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
