import SSHConfig
import Testing

@testable import SSH

@Suite struct AuthenticationPlanTests {
  private func file(_ path: String, blob: [UInt8]?, encrypted: Bool = false) -> IdentityFile {
    var file = IdentityFile(path: path, contents: [], publicFile: nil)
    file.publicBlob = blob
    file.isEncrypted = encrypted
    return file
  }

  private var host: ResolvedHost {
    var host = ResolvedHost(alias: "h", hostName: "h.example", user: "me")
    host.identityFilesAreDefaults = false
    return host
  }

  private func plan(
    _ host: ResolvedHost, _ files: [IdentityFile], agent: [AgentIdentity] = [],
    credentials: SSHCredentials = SSHCredentials()
  ) -> AuthenticationPlan {
    AuthenticationPlan(
      host: host, files: files, missing: [], agent: agent, credentials: credentials, signsWithRSA: false)
  }

  private let a = AgentIdentity(blob: [1], comment: "a")
  private let b = AgentIdentity(blob: [2], comment: "b")

  @Test func filesComeInOrderThenTheAgent() {
    let one = file("/one", blob: [9])
    #expect(plan(host, [one], agent: [a, b]).attempts(methods: ["publickey"]) == [.file(one), .agent(a), .agent(b)])
    var defaults = host
    defaults.identityFilesAreDefaults = true
    #expect(plan(defaults, [one], agent: [a]).attempts(methods: ["publickey"]) == [.agent(a), .file(one)])
  }

  @Test func aFileThatTheAgentHoldsIsSignedThere() {
    let locked = file("/two", blob: [2], encrypted: true)
    #expect(plan(host, [locked], agent: [a, b]).attempts(methods: ["publickey"]) == [.agent(b), .agent(a)])
    var only = host
    only.identitiesOnly = true
    #expect(plan(only, [locked], agent: [a, b]).attempts(methods: ["publickey"]) == [.agent(b)])
  }

  @Test func secretsAreShownOnlyWhereAllowed() {
    let credentials = SSHCredentials(password: "s3cret")
    let plan = plan(host, [], credentials: credentials)
    #expect(plan.attempts(methods: ["publickey", "password"]) == [.password])
    #expect(plan.attempts(methods: ["keyboard-interactive", "password"]) == [.keyboardInteractive, .password])
    #expect(!plan.failure().message.contains("s3cret"))
    var without = host
    without.passwordAuthentication = false
    #expect(self.plan(without, [], credentials: credentials).attempts(methods: ["password"]) == [])
  }

  @Test func methodsComeInTheOrderThatIsPreferred() {
    let one = file("/one", blob: [9])
    var host = host
    host.preferredAuthentications = ["password", "publickey"]
    let plan = plan(host, [one], credentials: SSHCredentials(password: "s3cret"))
    #expect(
      plan.attempts(methods: ["publickey", "keyboard-interactive", "password"]) == [.password, .file(one)])
    #expect(plan.attempts(methods: ["publickey"]) == [.file(one)])
  }

  @Test func aPublicKeyIsUsedThroughTheAgentOnly() {
    var one = file("/one.pub", blob: [1])
    one.isPublicOnly = true
    var only = host
    only.identitiesOnly = true
    #expect(plan(only, [one], agent: [b, a]).attempts(methods: ["publickey"]) == [.agent(a)])
    let without = plan(only, [one], agent: [b])
    #expect(without.attempts(methods: ["publickey"]).isEmpty)
    #expect(without.failure().message.contains("/one.pub has no private key beside it"))
    var defaults = host
    defaults.identityFilesAreDefaults = true
    #expect(plan(defaults, [one]).remarks.isEmpty)
  }

  @Test func anRSAKeyIsTriedAndExplained() {
    let rsa = file("/rsa", blob: [0, 0, 0, 7] + Array("ssh-rsa".utf8))
    var plan = plan(host, [rsa])
    #expect(plan.attempts(methods: ["publickey"]) == [.file(rsa)])
    plan.refused(.file(rsa), nil)
    let message = plan.failure().message
    #expect(message.contains("/rsa is an RSA key"))
    #expect(message.contains("ssh-keygen -t ed25519"))
  }

  @Test func signatureFlagsFollowTheAlgorithm() {
    func string(_ text: String) -> [UInt8] { [0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8) }
    func request(_ algorithm: String) -> [UInt8] {
      string("session") + [50] + string("user") + string("ssh-connection") + string("publickey") + [1]
        + string(algorithm) + string("key")
    }
    #expect(SignatureRequest(request("rsa-sha2-512")).flags == 4)
    #expect(SignatureRequest(request("rsa-sha2-256")).flags == 2)
    #expect(SignatureRequest(request("ssh-ed25519")).flags == 0)
    #expect(SignatureRequest([1, 2]).flags == 0)
    #expect(SignatureRequest.blob(of: string("ssh-ed25519") + string("sig")) == Array("sig".utf8))
    #expect(SignatureRequest.blob(of: [0, 0, 0, 9]) == nil)
  }
}
