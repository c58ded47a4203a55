/// What the lines that apply to one host have set so far: the first value of each keyword wins. A value.
struct HostOptions {
  /// Of ssh's SSH_MAX_IDENTITY_FILES.
  static let identityFileLimit = 100

  enum Proxy {
    case command(String, ConfigBlock, Int)
    case jump([JumpHop])
    /// `ProxyJump none` came first: a later ProxyCommand counts, a later ProxyJump does not.
    case noJump
    /// `ProxyCommand none` came first.
    case direct
  }

  private(set) var texts: [SettingKey: String] = [:]
  private(set) var paths: [SettingKey: [String]] = [:]
  private(set) var numbers: [SettingKey: Int] = [:]
  private(set) var flags: [SettingKey: Bool] = [:]
  private(set) var algorithms: [SettingKey: AlgorithmList] = [:]
  private(set) var identityFiles: [String] = []
  private(set) var strictHostKeyChecking: StrictHostKeyChecking?
  private(set) var addressFamily: AddressFamily?
  private(set) var proxy: Proxy?
  private(set) var unsupported: [UnsupportedSetting] = []
  private var unsupportedSeen: Set<String> = []

  var hostName: String? { texts[.hostName] }
  var user: String? { texts[.user] }

  /// Sets a value before any line does: a jump's user and port, the host name of the second reading.
  mutating func preset(_ key: SettingKey, _ text: String) {
    texts[key] = text
  }

  mutating func preset(_ key: SettingKey, _ number: Int) {
    numbers[key] = number
  }

  /// - Throws: `tooMuch` for more identity files than ssh takes.
  mutating func apply(_ line: ConfigBlock.Line, of block: ConfigBlock) throws(SSHConfigError) {
    switch line.setting {
    case .text(.identityFile, let path):
      guard !identityFiles.contains(path) else { return }
      guard identityFiles.count < Self.identityFileLimit else {
        throw SSHConfigError(
          .tooMuch, file: block.file, line: line.number,
          "more than \(Self.identityFileLimit) identity files for one host: remove some")
      }
      identityFiles.append(path)
    case .text(let key, let value): if texts[key] == nil { texts[key] = value }
    case .paths(let key, let value): if paths[key] == nil { paths[key] = value }
    case .number(let key, let value): if numbers[key] == nil { numbers[key] = value }
    case .flag(let key, let value): if flags[key] == nil { flags[key] = value }
    case .time(let key, let value): if let value, numbers[key] == nil { numbers[key] = value }
    case .algorithms(let key, let value): if algorithms[key] == nil { algorithms[key] = value }
    case .strictHostKeyChecking(let value): strictHostKeyChecking = strictHostKeyChecking ?? value
    case .addressFamily(let value): addressFamily = addressFamily ?? value
    case .proxyJump(let jump): if proxy == nil { proxy = jump.hops.isEmpty ? .noJump : .jump(jump.hops) }
    case .proxyCommand(let command):
      switch proxy {
      case nil, .noJump:
        proxy = command.asciiLowercased() == "none" ? .direct : .command(command, block, line.number)
      case .command, .jump, .direct: break
      }
    case .unsupported(let name, let value): applyUnsupported(name, value, line.number, block)
    }
  }

  private mutating func applyUnsupported(_ name: String, _ value: String, _ number: Int, _ block: ConfigBlock) {
    guard unsupportedSeen.insert(name).inserted else { return }
    guard !["none", "no", "false"].contains(value.asciiLowercased()) else { return }
    refuse(name, value, at: number, of: block)
  }

  /// A Match condition that cannot be decided here stands in the way of this host.
  mutating func refuseMatch(_ name: String, _ argument: String, of block: ConfigBlock) {
    guard unsupportedSeen.insert("\(block.file):\(block.number)").inserted else { return }
    unsupported.append(
      UnsupportedSetting(
        keyword: "Match \(name)", value: argument,
        message: "\(block.file):\(block.number): `Match \(name)` is not supported: "
          + "decide by host, originalhost or user instead, or move the lines to a Host block"))
  }

  mutating func refuse(_ name: String, _ value: String, at number: Int, of block: ConfigBlock) {
    unsupported.append(
      UnsupportedSetting(
        keyword: name, value: value,
        message: "\(block.file):\(number): \(name) is not supported: \(Self.advice(name))"))
  }

  private static func advice(_ name: String) -> String {
    switch name {
    case "ProxyCommand": "use ProxyJump, or `ProxyJump none` above it for hosts that are reached directly"
    case "CertificateFile": "put `CertificateFile none` above it for this host and use a plain key"
    case "PKCS11Provider": "load the card into an ssh-agent and remove it for this host"
    case "CanonicalizeHostname": "write the whole name in HostName and `CanonicalizeHostname no` above it"
    case "KnownHostsCommand": "write the keys to a file and name it in UserKnownHostsFile"
    case "RevokedHostKeys": "mark the keys @revoked in known_hosts and put `RevokedHostKeys none` above it"
    case "BindInterface": "leave it out for this host: the routes of this machine choose the interface"
    default: "remove it for this host"
    }
  }
}
