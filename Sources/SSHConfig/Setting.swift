/// One line's value, checked. A value.
enum Setting: Sendable, Hashable {
  case text(SettingKey, String)
  case paths(SettingKey, [String])
  case number(SettingKey, Int)
  case flag(SettingKey, Bool)
  /// Seconds; nil for `none`, which leaves the setting unset.
  case time(SettingKey, Int?)
  case algorithms(SettingKey, AlgorithmList)
  case strictHostKeyChecking(StrictHostKeyChecking)
  case addressFamily(AddressFamily)
  case proxyJump(ProxyJump)
  case proxyCommand(String)
  case unsupported(name: String, value: String)

  /// The setting of a line whose keyword is used.
  /// - Throws: what is wrong with the arguments and what is allowed.
  init(_ key: SettingKey, _ line: ConfigLine, arguments: [String]) throws(LineFault) {
    switch key {
    case .proxyCommand:
      self = .proxyCommand(String(decoding: line.rest.drop { $0.isBlank || $0 == UInt8(ascii: "=") }, as: UTF8.self))
      return
    case .proxyJump:
      guard let word = arguments.first, let jump = ProxyJump(word) else {
        throw LineFault(
          "`\(line.text)` is no ProxyJump: write [user@]host[:port], several separated by commas, or none")
      }
      self = .proxyJump(jump)
      return
    case .globalKnownHostsFile, .userKnownHostsFile:
      self = .paths(key, try Self.paths(key, arguments))
      return
    default: break
    }
    guard let value = arguments.first, !value.isEmpty else { throw LineFault("\(key.rawValue) needs a value") }
    guard arguments.count == 1 else {
      throw LineFault("\(key.rawValue) takes one value: put `\(line.text)` in quotes, or begin a comment with #")
    }
    self = try Self.single(key, value)
  }

  private static func single(_ key: SettingKey, _ value: String) throws(LineFault) -> Setting {
    switch key {
    case .addressFamily:
      guard let family = AddressFamily(rawValue: value.asciiLowercased()) else {
        throw LineFault("AddressFamily `\(value)`: use any, inet or inet6")
      }
      return .addressFamily(family)
    case .strictHostKeyChecking:
      guard let checking = StrictHostKeyChecking(word: value.asciiLowercased()) else {
        throw LineFault("StrictHostKeyChecking `\(value)`: use yes, no, ask, off or accept-new")
      }
      return .strictHostKeyChecking(checking)
    case .compression, .hashKnownHosts, .identitiesOnly, .kbdInteractiveAuthentication, .passwordAuthentication:
      return .flag(key, try flag(key, value))
    case .pubkeyAuthentication:
      let isBindingWord = ["unbound", "host-bound"].contains(value.asciiLowercased())
      return .flag(key, isBindingWord ? true : try flag(key, value))
    case .connectTimeout, .serverAliveInterval:
      if value == "none" { return .time(key, nil) }
      guard let seconds = TimeFormat.seconds(value) else {
        throw LineFault("\(key.rawValue) `\(value)` is no time: write seconds, or 5m, 1h30, none")
      }
      return .time(key, seconds)
    case .port:
      guard let port = PortNumber.parse(value) else { throw LineFault("Port `\(value)`: use 1 to 65535") }
      return .number(key, port)
    case .serverAliveCountMax, .requiredRSASize:
      guard value.utf8.allSatisfy(\.isDigit), let number = Int32(value) else {
        throw LineFault("\(key.rawValue) `\(value)` is no whole number")
      }
      return .number(key, Int(number))
    case .ciphers, .macs, .kexAlgorithms, .hostKeyAlgorithms, .pubkeyAcceptedAlgorithms:
      guard let list = AlgorithmList(value) else {
        throw LineFault("\(key.rawValue) `\(value)` names no algorithm: `ssh -Q \(key.rawValue)` lists them")
      }
      return .algorithms(key, list)
    default:
      return .text(key, value)
    }
  }

  private static func flag(_ key: SettingKey, _ value: String) throws(LineFault) -> Bool {
    switch value.asciiLowercased() {
    case "yes", "true": return true
    case "no", "false": return false
    default: throw LineFault("\(key.rawValue) `\(value)`: use yes or no")
    }
  }

  private static func paths(_ key: SettingKey, _ arguments: [String]) throws(LineFault) -> [String] {
    guard !arguments.isEmpty, !arguments.contains("") else { throw LineFault("\(key.rawValue) needs a file name") }
    guard arguments.count == 1 || !arguments.contains(where: { $0.asciiLowercased() == "none" }) else {
      throw LineFault("\(key.rawValue): `none` must stand alone")
    }
    guard arguments.count <= 32 else { throw LineFault("\(key.rawValue) names more than 32 files") }
    return arguments
  }
}

extension StrictHostKeyChecking {
  fileprivate init?(word: String) {
    switch word {
    case "yes", "true": self = .yes
    case "no", "false", "off": self = .off
    case "ask": self = .ask
    case "accept-new": self = .acceptNew
    default: return nil
    }
  }
}
