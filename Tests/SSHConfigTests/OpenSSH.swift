import Foundation
import TestFleet

@testable import SSHConfig

/// The oracle: `ssh -G`, whose answer is ssh's own reading of a configuration.
enum OpenSSH {
  /// For each alias keyword to values, in order; nil when ssh refuses the configuration.
  static func settings(config: String, aliases: [String]) async throws -> [[String: [String]]?] {
    let script = #"config=$1; shift; for a; do /usr/bin/ssh -G -F "$config" "$a" || echo @refused; echo @end; done"#
    let (_, output) = try await programRun("/bin/sh", ["-c", script, "sh", config] + aliases)
    return output.components(separatedBy: "@end\n").prefix(aliases.count).map { answer in
      guard !answer.contains("@refused") else { return nil }
      var settings: [String: [String]] = [:]
      for line in answer.split(separator: "\n") {
        let parts = line.split(separator: " ", maxSplits: 1)
        settings[String(parts[0]), default: []].append(parts.count == 2 ? String(parts[1]) : "")
      }
      return settings
    }
  }

  /// This machine's lists, so that another OpenSSH release is no other answer. Asked for once.
  static let algorithms = Task { try await readAlgorithms() }

  private static func readAlgorithms() async throws -> AlgorithmDefaults {
    let empty = (try await settings(config: "/dev/null", aliases: ["x"]).first ?? nil) ?? [:]
    func list(_ keyword: String, _ query: String) async throws -> AlgorithmDefaults.List {
      AlgorithmDefaults.List(
        proposed: empty[keyword]?.first?.split(separator: ",").map(String.init) ?? [],
        known: try await programRun("/usr/bin/ssh", ["-Q", query]).output.split(separator: "\n").map(String.init))
    }
    return AlgorithmDefaults(
      ciphers: try await list("ciphers", "cipher"), macs: try await list("macs", "mac"),
      kexAlgorithms: try await list("kexalgorithms", "kex"),
      hostKeyAlgorithms: try await list("hostkeyalgorithms", "HostKeyAlgorithms"),
      pubkeyAcceptedAlgorithms: try await list("pubkeyacceptedalgorithms", "PubkeyAcceptedAlgorithms"))
  }
}

/// One difference between ssh's answer and ours.
struct Difference: CustomStringConvertible {
  let keyword: String
  let theirs: String
  let ours: String

  var description: String { "\(keyword): ssh says `\(theirs)`, we say `\(ours)`" }
}

extension ResolvedHost {
  /// Every field that `ssh -G` shows, compared. Identity files with tokens are compared elsewhere: -G shows them raw.
  func differences(from theirs: [String: [String]], _ environment: SSHConfigEnvironment) -> [Difference] {
    var differences: [Difference] = []
    func compare(_ keyword: String, _ ours: String, _ fallback: String = "") {
      let said = theirs[keyword]?.joined(separator: "\n") ?? fallback
      if said != ours { differences.append(Difference(keyword: keyword, theirs: said, ours: ours)) }
    }
    func list(_ keyword: String, _ ours: [String]?, _ proposed: AlgorithmDefaults.List) {
      compare(keyword, (ours ?? proposed.proposed).joined(separator: ","))
    }
    func word(_ keyword: String, _ ours: Bool) {
      let said = theirs[keyword]?.first.map { $0 == "true" ? "yes" : $0 == "false" ? "no" : $0 } ?? ""
      if said != (ours ? "yes" : "no") {
        differences.append(Difference(keyword: keyword, theirs: said, ours: "\(ours)"))
      }
    }
    compare("user", user)
    compare("hostname", hostName)
    compare("port", String(port))
    compare("addressfamily", addressFamily.rawValue)
    compare("bindaddress", bindAddress ?? "")
    compare("hostkeyalias", hostKeyAlias ?? "")
    compare("proxyjump", jumps.map(\.text).joined(separator: ","))
    compare("connecttimeout", connectTimeout.map { String($0.components.seconds) } ?? "none")
    compare("serveraliveinterval", serverAliveInterval.map { String($0.components.seconds) } ?? "0")
    compare("serveralivecountmax", String(serverAliveCountMax))
    compare("requiredrsasize", String(requiredRSASize), "1024")
    compare("preferredauthentications", preferredAuthentications?.joined(separator: ",") ?? "")
    compare("stricthostkeychecking", strictHostKeyChecking.word)
    word("identitiesonly", identitiesOnly)
    word("hashknownhosts", hashesKnownHosts)
    word("compression", compression)
    word("pubkeyauthentication", pubkeyAuthentication)
    word("passwordauthentication", passwordAuthentication)
    word("kbdinteractiveauthentication", kbdInteractiveAuthentication)
    list("ciphers", ciphers, environment.algorithms.ciphers)
    list("macs", macs, environment.algorithms.macs)
    list("kexalgorithms", kexAlgorithms, environment.algorithms.kexAlgorithms)
    list("hostkeyalgorithms", hostKeyAlgorithms, environment.algorithms.hostKeyAlgorithms)
    list("pubkeyacceptedalgorithms", pubkeyAcceptedAlgorithms, environment.algorithms.pubkeyAcceptedAlgorithms)
    func place(_ path: String) -> String {
      if path.hasPrefix("~root/") { return "/root" + path.dropFirst(5) }
      if path.hasPrefix("~/") { return environment.home + path.dropFirst() }
      return path.hasPrefix("/") ? path : environment.workingDirectory + "/" + path
    }
    let theirFiles = (theirs["identityfile"] ?? []).filter { $0.lowercased() != "none" }
    if !identityFilesAreDefaults, !theirFiles.contains(where: { $0.contains("%") || $0.contains("$") }),
      theirFiles.map(place) != identityFiles
    {
      differences.append(
        Difference(keyword: "identityfile", theirs: "\(theirFiles)", ours: "\(identityFiles)"))
    }
    func files(_ keyword: String, _ ours: [String]) {
      let said = theirs[keyword]?.first ?? ""
      let places = said == "none" ? "" : said.split(separator: " ").map { place(String($0)) }.joined(separator: " ")
      if places != ours.joined(separator: " ") {
        differences.append(Difference(keyword: keyword, theirs: places, ours: "\(ours)"))
      }
    }
    files("userknownhostsfile", userKnownHostsFiles)
    files("globalknownhostsfile", globalKnownHostsFiles)
    let agent =
      switch identityAgent {
      case .none: "none"
      case .environment: "SSH_AUTH_SOCK"
      case .path(let path): path
      }
    let theirAgent = theirs["identityagent"]?.first ?? "SSH_AUTH_SOCK"
    if theirAgent.first != "$", theirAgent != agent, place(theirAgent) != agent {
      differences.append(Difference(keyword: "identityagent", theirs: theirAgent, ours: agent))
    }
    for keyword in ["ProxyCommand", "RevokedHostKeys", "CertificateFile", "PKCS11Provider", "KnownHostsCommand"] {
      let isTheirs = theirs[keyword.lowercased()].map { $0 != ["none"] } ?? false
      let isOurs = unsupported.contains { $0.keyword == keyword }
      if isTheirs != isOurs {
        differences.append(Difference(keyword: keyword, theirs: "\(isTheirs)", ours: "\(isOurs)"))
      }
    }
    return differences
  }
}

extension JumpHop {
  /// As `ssh -G` writes it.
  fileprivate var text: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return (user.map { $0 + "@" } ?? "") + name + (port.map { ":\($0)" } ?? "")
  }
}

extension StrictHostKeyChecking {
  fileprivate var word: String {
    switch self {
    case .yes: "true"
    case .off: "false"
    case .ask: "ask"
    case .acceptNew: "accept-new"
    }
  }
}
