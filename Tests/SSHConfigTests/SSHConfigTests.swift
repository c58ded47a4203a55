import Foundation
import Testing

@testable import SSHConfig

/// What `ssh -G` cannot be asked: names in order, errors' words, the files to watch, the two default files.
@Suite struct SSHConfigTests {
  private let scratch: Scratch
  private let environment: SSHConfigEnvironment

  init() throws {
    scratch = try Scratch()
    environment = SSHConfigEnvironment(
      home: scratch.path, userName: "me", userID: getuid(), hostName: "here.example.com",
      homeOf: { ["you": "/home/you"][$0] })
  }

  private func load(_ text: String, _ environment: SSHConfigEnvironment? = nil) throws -> SSHConfig {
    try SSHConfig.load(path: try scratch.write("config", text), environment: environment ?? self.environment)
  }

  private func error(_ text: String, for alias: String? = nil) throws -> SSHConfigError {
    try #require(throws: SSHConfigError.self) {
      let config = try load(text)
      if let alias { _ = try config.resolve(alias) }
    }
  }

  @Test func aliasesAreTheConcreteNamesInOrder() throws {
    try scratch.write("more", "Host inner b\n")
    let config = try load("Host b a b\nHost *.x !c d\nInclude @DIR@/more\nMatch host m\nHost e?\nHost z\n")
    #expect(config.aliases == ["b", "a", "d", "inner", "z"])
  }

  @Test func filesToWatch() throws {
    try scratch.write("conf.d/one", "Host one\n")
    let config = try load("Include @DIR@/conf.d/* @DIR@/missing?\nInclude @DIR@/two\n")
    #expect(
      config.files == [
        scratch.path + "/config", scratch.path + "/conf.d", scratch.path + "/conf.d/one", scratch.path,
        scratch.path + "/two",
      ])
  }

  @Test func userFileThenSystemFile() throws {
    let reader = FakeReader(files: [
      "/home/me/.ssh/config": "Host a\n User u\n Include extra\nHost *\n Port 7\n",
      "/home/me/.ssh/extra": "HostName from-extra\n", "/etc/ssh/ssh_config": "Include ssh_config.d/*.conf\nPort 9\n",
      "/etc/ssh/ssh_config.d/x.conf": "User system\n Compression yes\n",
    ])
    var environment = environment
    environment.home = "/home/me"
    let config = try SSHConfig.load(environment: environment, reader: reader)
    let host = try config.resolve("a")
    #expect(host.user == "u")
    #expect(host.port == 7)
    #expect(host.hostName == "from-extra")
    #expect(host.compression)
    #expect(try config.resolve("b").user == "system")
    #expect(config.files.contains("/etc/ssh/ssh_config"))
  }

  @Test func noDefaultFileIsNoFault() throws {
    let config = try SSHConfig.load(environment: environment, reader: FakeReader(files: [:]))
    #expect(config.aliases.isEmpty)
    let host = try config.resolve("Some.Where")
    #expect(host.hostName == "some.where")
    #expect(host.user == "me")
    #expect(host.identityFilesAreDefaults)
    #expect(host.identityFiles == ["id_rsa", "id_ecdsa", "id_ed25519"].map { scratch.path + "/.ssh/" + $0 })
    #expect(host.userKnownHostsFiles == ["known_hosts", "known_hosts2"].map { scratch.path + "/.ssh/" + $0 })
  }

  @Test func aNamedFileMustExist() throws {
    let error = try #require(throws: SSHConfigError.self) {
      try SSHConfig.load(path: "/no/such/file", environment: environment)
    }
    #expect(error.code == .unreadable)
    #expect("\(error)".hasPrefix("/no/such/file: "))
    let folder = try #require(throws: SSHConfigError.self) {
      try SSHConfig.load(path: scratch.path, environment: environment)
    }
    #expect("\(folder)".contains("that is a folder"))
  }

  @Test func filesThatOthersMayWriteAreRefused() throws {
    try scratch.write("open", "Host x\n", mode: 0o666)
    let error = try error("Include @DIR@/open\n")
    #expect(error.code == .permissions)
    #expect(error.message.contains("chmod go-w"))
  }

  @Test(arguments: [
    ("Host a\n\n  Frobnicate x\n", 3, "frobnicate"), ("User\n", 1, "needs a value"), ("\nPort 0\n", 2, "1 to 65535"),
    ("ConnectTimeout soon\n", 1, "5m"), ("StrictHostKeyChecking maybe\n", 1, "accept-new"),
    ("Host a\n User \"x\n", 2, "quote"), ("Match planet mars\n", 1, "planet"), ("User a b\n", 1, "quotes"),
    ("ProxyJump a,,b\n", 1, "[user@]host[:port]"), ("Match host a user b all\n", 1, "all"),
    ("UserKnownHostsFile a none\n", 1, "alone"), ("IdentitiesOnly perhaps\n", 1, "yes or no"),
  ])
  func errorsNameTheLineAndWhatToDo(_ text: String, _ line: Int, _ words: String) throws {
    let error = try error(text)
    #expect(error.code == .syntax)
    #expect(error.file == scratch.path + "/config")
    #expect(error.line == line)
    #expect(error.message.contains(words), "\(error)")
  }

  @Test func errorsInIncludedFilesNameThem() throws {
    try scratch.write("inner", "# one\nPort x\n")
    let error = try error("Include @DIR@/inner\n")
    #expect("\(error)".hasPrefix("\(scratch.path)/inner:2: "))
  }

  @Test func includesAreBounded() throws {
    try scratch.write("loop", "Include @DIR@/loop\n")
    #expect(try error("Include @DIR@/loop\n").code == .tooMuch)
  }

  @Test(arguments: [
    ("ProxyCommand nc %h %p\n", "ProxyCommand", "ProxyJump"), ("CertificateFile ~/c\n", "CertificateFile", "none"),
    ("PKCS11Provider /x\n", "PKCS11Provider", "ssh-agent"), ("RevokedHostKeys /x\n", "RevokedHostKeys", "@revoked"),
    ("KnownHostsCommand /x\n", "KnownHostsCommand", "UserKnownHostsFile"),
    ("CanonicalizeHostname yes\n", "CanonicalizeHostname", "HostName"),
    ("BindInterface eth0\n", "BindInterface", "leave it out"),
    ("Match exec true\n User x\n", "Match exec", "originalhost"),
    ("Match localnetwork 10.0.0.0/8\n", "Match localnetwork", "originalhost"),
  ])
  func whatIsNotSupportedConcernsItsHostsOnly(_ text: String, _ keyword: String, _ advice: String) throws {
    let guarded =
      text.hasPrefix("Match") ? text.replacingOccurrences(of: "Match ", with: "Match host bad ") : "Host bad\n " + text
    let config = try load("Host good\n User g\n" + guarded)
    let bad = try config.resolve("bad")
    #expect(bad.unsupported.map(\.keyword) == [keyword])
    #expect(bad.unsupportedMessage?.contains(advice) == true)
    #expect(bad.unsupportedMessage?.contains("\(scratch.path)/config:") == true)
    let good = try config.resolve("good")
    #expect(good.unsupported.isEmpty)
    #expect(good.unsupportedMessage == nil)
  }

  @Test func aConditionThatIsNotReachedIsNotAsked() throws {
    let host = try load("Match host other exec true\n User x\nMatch !host * exec true\n User y\n").resolve("a")
    #expect(host.unsupported.isEmpty)
  }

  @Test func jumpHostsHaveSettingsOfTheirOwn() throws {
    let config = try load(
      "Host inner\n ProxyJump me@gate:2200\nHost gate\n HostName gate.example.com\n User other\n Port 9\nMatch user me\n IdentityFile ~/jump\n"
    )
    let hop = try #require(try config.resolve("inner").jumps.first)
    let gate = try config.resolve(hop)
    #expect(gate.hostName == "gate.example.com")
    #expect(gate.user == "me")
    #expect(gate.port == 2200)
    #expect(gate.identityFiles == [scratch.path + "/jump"])
  }

  @Test func jumpTokens() throws {
    let host = try load("Host a\n HostName x.example.com\n ProxyJump %r@gate-%h:22\n").resolve("a")
    #expect(host.jumps == [JumpHop(user: "me", host: "gate-x.example.com", port: 22)])
  }

  @Test func tags() throws {
    let host = try load("Host a\n Tag web\nMatch tagged w*\n Port 7\n").resolve("a")
    #expect(host.tags == ["web"])
    #expect(host.port == 7)
  }

  @Test func variablesAndTildes() throws {
    var environment = environment
    environment.variables = ["KEYS": "/keys", "SOCK": "/run/agent"]
    let config = try load(
      "Host a\n IdentityFile ${KEYS}/%n\n IdentityFile ~you/k\n IdentityAgent $SOCK\nHost b\n IdentityFile ${NOPE}/x\nHost c\n IdentityFile ~nobody-here/x\nHost d\n IdentityFile %x\nHost e\n IdentityAgent $NOPE\n",
      environment)
    let host = try config.resolve("a")
    #expect(host.identityFiles == ["/keys/a", "/home/you/k"])
    #expect(host.identityAgent == .path("/run/agent"))
    #expect(try config.resolve("e").identityAgent == .none)
    for (alias, words) in [("b", "NOPE"), ("c", "nobody-here"), ("d", "%x")] {
      let error = try #require(throws: SSHConfigError.self) { try config.resolve(alias) }
      #expect(error.code == .value)
      #expect("\(error)".contains(words))
      #expect("\(error)".contains("`\(alias)`"))
    }
  }

  @Test(arguments: ["", "-oProxyCommand=x", "a b", "a\nb", "a\u{0}"])
  func namesThatCannotBe(_ alias: String) throws {
    let config = try load("")
    #expect(throws: SSHConfigError.self) { try config.resolve(alias) }
  }

  /// Any bytes at all: an answer or an error, never a trap.
  @Test func survivesAnything() throws {
    var random = Seeded(seed: 7)
    let pieces = [
      "Host", "Match", "Include", "\"", "'", "\\", "=", "#", " ", "\n", "\t", "%", "${", "}", "!", "*", "[", "]", ",",
      "@", ":", "all", "final", "host", "IdentityFile", "ProxyJump", "Port", "99999999999", "\u{0}", "é", "~", "+",
      "Ciphers", "ConnectTimeout", "1w2d",
    ]
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 0..<30, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      let reader = FakeReader(files: ["/c": text])
      if let config = try? SSHConfig.load(path: "/c", environment: environment, reader: reader) {
        for alias in config.aliases.prefix(3) + ["a"] { _ = try? config.resolve(alias) }
      }
    }
    for _ in 0..<500 {
      let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = KnownHostsFile(path: "/k", contents: bytes)
      _ = try? SSHConfig.load(path: "/c", environment: environment, reader: FakeReader(bytes: ["/c": bytes]))
    }
  }
}

/// Files in memory.
struct FakeReader: ConfigReader {
  private let files: [String: [UInt8]]

  init(files: [String: String]) {
    self.files = files.mapValues { Array($0.utf8) }
  }

  init(bytes: [String: [UInt8]]) {
    files = bytes
  }

  func facts(_ path: String) -> FileFacts? { files[path].map { FileFacts(size: $0.count) } }
  func contents(_ path: String) -> [UInt8]? { files[path] }

  func names(in folder: String) -> [String] {
    files.keys.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) }.filter {
      !$0.contains("/")
    }
  }
}
