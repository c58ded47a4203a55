import Libssh2
import SSHConfig

/// What is shown to a host, in order, and the words for when nothing was accepted. A value.
struct AuthenticationPlan {
  enum Attempt: Equatable {
    case file(IdentityFile)
    case agent(AgentIdentity)
    case keyboardInteractive
    case password
  }

  private let host: ResolvedHost
  private let candidates: [Attempt]
  private var hasSecret: Bool
  /// What stands in the way of identities that are named but not tried.
  private(set) var remarks: [String]
  private var tried: [String] = []
  private var shown: [Attempt] = []
  /// What the host allowed last.
  private var methods: [String] = []

  init(
    host: ResolvedHost, files: [IdentityFile], missing: [String], agent: [AgentIdentity],
    agentFault: String? = nil, credentials: SSHCredentials, signsWithRSA: Bool = Library.signsWithRSA
  ) {
    self.host = host
    var remarks: [String] = []
    var keys: [Attempt] = []
    var held = agent
    for file in files {
      if let index = held.firstIndex(where: { $0.blob == file.publicBlob }) {
        keys.append(.agent(held.remove(at: index)))
      } else if file.isPublicOnly {
        if !host.identityFilesAreDefaults {
          remarks.append(
            "\(file.path) has no private key beside it, and ssh-agent does not hold it: add it there (ssh-add)")
        }
      } else if let fault = file.fault {
        remarks.append(fault)
      } else if file.isEncrypted, credentials.keyPassphrase == nil {
        remarks.append("\(file.path) is encrypted: add it to ssh-agent (ssh-add \(file.path))")
      } else {
        keys.append(.file(file))
      }
      if !signsWithRSA, file.type == "ssh-rsa", !file.isPublicOnly {
        remarks.append(
          "\(file.path) is an RSA key, which libssh2 \(Library.version) can only sign with SHA-1: use an ed25519 key "
            + "(ssh-keygen -t ed25519) or libssh2 1.11")
      }
    }
    if !host.identityFilesAreDefaults {
      remarks += missing.map { "\($0) cannot be read" }
    }
    // Ssh does not mention an agent that nobody started while there are keys in files.
    if let agentFault, files.isEmpty || host.identityAgent != .environment { remarks.append(agentFault) }
    let others = host.identitiesOnly ? [] : held.map(Attempt.agent)
    // Named files come first; where none is named, what the agent holds is the better guess.
    candidates = host.identityFilesAreDefaults ? others + keys : keys + others
    self.remarks = remarks
    hasSecret = credentials.password != nil
  }

  /// Whoever the host is, it gets no password: as ssh_config(5) has it where StrictHostKeyChecking is off and a key has changed.
  mutating func withholdSecrets() {
    guard hasSecret else { return }
    hasSecret = false
    remarks.append("no password is shown to a host whose key has changed, StrictHostKeyChecking no or not")
  }

  /// The attempts that make sense with what the host allows (RFC 4252 section 5.1), and have not been made.
  func attempts(methods: [String]) -> [Attempt] {
    let order = host.preferredAuthentications ?? ["publickey", "keyboard-interactive", "password"]
    let attempts = order.filter(methods.contains).flatMap { method -> [Attempt] in
      switch method {
      case "publickey" where host.pubkeyAuthentication: candidates
      case "keyboard-interactive" where hasSecret && host.kbdInteractiveAuthentication: [.keyboardInteractive]
      case "password" where hasSecret && host.passwordAuthentication: [.password]
      default: []
      }
    }
    return attempts.filter { !shown.contains($0) }
  }

  /// As `attempts`, remembered for the words of a failure.
  mutating func allowed(_ methods: [String]) -> [Attempt] {
    self.methods = methods
    return attempts(methods: methods)
  }

  /// Whether a key that seems refused may have been accepted as the first of two proofs (`AuthenticationMethods
  /// publickey,password` in sshd_config(5)): libssh2 does not tell "partial success" (RFC 4252 section 5.1) from a refusal, but the
  /// host then allows what it did not before.
  var mayContinue: Bool {
    hasSecret && !shown.isEmpty && !shown.contains(.keyboardInteractive) && !shown.contains(.password)
  }

  var hasTried: Bool { !shown.isEmpty }

  mutating func refused(_ attempt: Attempt, _ reason: String?) {
    shown.append(attempt)
    switch attempt {
    case .file(let file): tried.append(file.path + (reason.map { " (\($0))" } ?? ""))
    case .agent(let identity): tried.append("agent key \(identity.comment)" + (reason.map { " (\($0))" } ?? ""))
    case .keyboardInteractive: tried.append("keyboard-interactive")
    case .password: tried.append("password")
    }
  }

  /// One sentence or two: what was tried, what was not and why, and what to do.
  ///
  /// - Parameter hungUp: the host ended the connection before all had been tried.
  func failure(hungUp: Bool = false) -> SSHError {
    var message = "\(host.alias): \(host.user)@\(host.hostName) refused the login"
    message += tried.isEmpty ? "; there was nothing to offer" : "; refused: \(tried.joined(separator: ", "))"
    message += "; the host allows \(methods.joined(separator: ", "))"
    if hungUp {
      message +=
        "; it then hung up, which sshd does after MaxAuthTries keys: name the right one with IdentityFile, and IdentitiesOnly yes"
    }
    for remark in remarks { message += "; \(remark)" }
    if remarks.isEmpty { message += "; check with `ssh \(host.alias)`" }
    return SSHError(.authFailed, message, phase: .authentication, scope: .connection)
  }
}
