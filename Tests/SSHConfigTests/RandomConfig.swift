/// A small generator whose numbers are the same in every run.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Writes configurations of random blocks that ssh accepts, and now and then one that it does not.
struct RandomConfig {
  static let names = ["alpha", "beta", "gamma", "web1", "web2", "db.example.com", "Web1"]
  private static let patterns = ["*", "al*", "web?", "*.example.com", "?eta", "*a", "web[12]", "*e*"]

  private var random: Seeded
  private(set) var files: [String: String] = [:]

  init(seed: UInt64) {
    random = Seeded(seed: seed)
  }

  mutating func text(depth: Int = 0) -> String {
    var text = ""
    if chance(3) { text += lines(3) }
    for _ in 0..<number(1...6) {
      text += header()
      text += lines(4)
      if depth < 2, chance(5) {
        let name = "inc\(files.count)"
        files[name] = ""
        files[name] = self.text(depth: depth + 1)
        text += " Include @DIR@/\(name)\n" + lines(2)
      }
    }
    return text
  }

  private mutating func header() -> String {
    if chance(3) {
      var line = word("Match")
      for _ in 0..<number(1...2) {
        let not = chance(4) ? "!" : ""
        switch number(0...5) {
        case 0: line += " \(not)host \(list())"
        case 1: line += " \(not)originalhost \(list())"
        case 2: line += " \(not)user \(pick(["root", "bob,alice", "*", "b*", "!bob,*"]))"
        case 3: line += " \(not)localuser \(pick(["root", "nobody", "*"]))"
        case 4: line += chance(3) ? " \(not)final" : " \(not)canonical"
        default: return word("Match") + " \(not)all\n"
        }
      }
      return line + "\n"
    }
    return word("Host") + separator()
      + (0..<number(1...3)).map { _ in (chance(5) ? "!" : "") + name() }.joined(separator: " ") + "\n"
  }

  private mutating func list() -> String {
    (0..<number(1...3)).map { _ in (chance(5) ? "!" : "") + name() }.joined(separator: ",")
  }

  private mutating func name() -> String { chance(2) ? pick(Self.names) : pick(Self.patterns) }

  private mutating func lines(_ most: Int) -> String {
    (0..<number(0...most)).map { _ in indentation() + line() + pick(["", "", "", " # note", " \t", "\r"]) + "\n" }
      .joined()
  }

  private mutating func line() -> String {
    let (keyword, value) = setting()
    // OpenSSH before 9.6 does not take quotes off a ProxyJump.
    let isQuoted = chance(6) && !value.contains(" ") && keyword != "ProxyJump"
    return word(keyword) + separator() + (isQuoted ? "\"\(value)\"" : value)
  }

  private mutating func setting() -> (String, String) {
    switch number(0...24) {
    case 0: ("HostName", pick(["%h.example.com", "10.0.0.1", "Other", "%h", "fe80::1", "beta", "x%%%h"]))
    case 1: ("User", pick(["bob", "alice", "root", "a_b"]))
    case 2: ("Port", pick(["22", "2222", "65535", "1"]))
    case 3, 4: ("IdentityFile", pick(["~/.ssh/a", "~/.ssh/b", "/k/c", "none", "rel", "~root/k"]))
    case 5: ("IdentitiesOnly", pick(["yes", "no", "True"]))
    case 6: ("IdentityAgent", pick(["none", "~/agent.%n", "SSH_AUTH_SOCK", "/run/%u/%i"]))
    case 7, 8: ("ProxyJump", pick(["none", "gate", "me@gate:2200", "a,b@c,[::1]:7", "ssh://u@h:1"]))
    case 9: ("ProxyCommand", pick(["none", "nc %h %p", "sh -c true"]))
    case 10: ("HostKeyAlias", pick(["one", "Two"]))
    case 11: ("UserKnownHostsFile", pick(["none", "~/kh", "/a /b", "~/%k.%p", "/kh/%h/%n/%r/%i"]))
    case 12: ("GlobalKnownHostsFile", pick(["none", "/etc/a", "/etc/a /etc/b"]))
    case 13: ("StrictHostKeyChecking", pick(["yes", "no", "ask", "off", "accept-new"]))
    case 14: ("ConnectTimeout", pick(["5", "none", "1m", "1h30", "2S"]))
    case 15: ("ServerAliveInterval", pick(["0", "15", "none", "1m"]))
    case 16: ("ServerAliveCountMax", pick(["0", "3", "10"]))
    case 17: ("Ciphers", pick(["aes256-ctr,aes128-ctr", "+aes128-cbc", "-aes*", "^aes192-ctr"]))
    case 18: ("MACs", pick(["hmac-sha2-256", "+hmac-md5", "-*etm*", "^hmac-sha1"]))
    case 19: ("KexAlgorithms", pick(["curve25519-sha256", "-sntrup*", "+diffie-hellman-group14-sha1"]))
    case 20: ("HostKeyAlgorithms", pick(["ssh-ed25519", "+ssh-rsa", "-*cert*", "^rsa-sha2-256", "+ssh-*"]))
    case 21: ("AddressFamily", pick(["any", "inet", "inet6"]))
    case 22: (pick(["ForwardAgent", "ForwardX11", "HashKnownHosts", "TCPKeepAlive"]), pick(["yes", "no"]))
    case 23: ("Compression", pick(["yes", "no"]))
    default:
      chance(12)
        ? pick([("Port", "0"), ("Bogus", "1"), ("ConnectTimeout", "1y")]) : ("RevokedHostKeys", pick(["none", "/r"]))
    }
  }

  private mutating func word(_ keyword: String) -> String {
    chance(4) ? (chance(2) ? keyword.lowercased() : keyword.uppercased()) : keyword
  }

  private mutating func separator() -> String { pick([" ", " ", " ", "\t", "  ", "=", " = "]) }
  private mutating func indentation() -> String { pick(["", " ", "  ", "\t", "    "]) }
  private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }
  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  private mutating func pick<T>(_ all: [T]) -> T { all[Int.random(in: 0..<all.count, using: &random)] }
}
