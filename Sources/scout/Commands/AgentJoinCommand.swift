import AgentAPI
import ArgumentParser
import Enrollment
import Foundation
import HTTP2
import Logging
import NIOPosix
import SystemPackage

/// `scout agent join`: a token for a certificate.
struct AgentJoinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join", abstract: "Get this machine's certificate with a token of `scout pki token`.",
    discussion: """
      --state-dir (SCOUT_STATE_DIR) says in which folder the certificate and what else the agent keeps belongs; it is made \
      where it is missing. The token is read from SCOUT_JOIN_TOKEN, or from standard input. It is sent only after the coordinator has shown \
      the authority that the token names. Where --segment or --name (SCOUT_SEGMENT, SCOUT_NAME) are given, a token for another agent is \
      refused; without them the token says who this is. The key is made here and stays here. Afterwards `scout agent --state-dir` with \
      the same folder secures its links by the certificate, and renews it by itself.
      """)

  @Option(help: "HOST:PORT of a coordinator's --enroll-listen; given several times, the first that answers is taken.")
  var enroll: [String]
  @ParentCommand var parent: AgentCommand

  func run() async throws {
    let addresses = try SettingsReader.enrollmentAddresses(enroll, in: "--enroll")
    let stateDir = try await parent.stateFolder()
    let settings = try await parent.settings()
    let folder = FilePath(stateDir)
    let store = CertificateStore(folder.appending(AgentSecurity.folder))
    // Before the token is spent.
    try Self.prepare(stateDir, store)
    let token = try Self.token()
    let pending = try KeyAndRequest()
    var request = EnrollmentJoinRequest()
    request.secret = Data(token.secret)
    request.certificateRequest = Data(pending.request)
    if settings.isSaid(.segment) { request.segment = settings.text(.segment) ?? "" }
    if settings.isSaid(.agentName) { request.name = settings.text(.agentName) ?? "" }
    let seen = SeenAuthority()
    let check = ChainCheck { chain in seen.note(chain, token.pin) }
    let logger = Logger(label: "scout.join") { _ in SwiftLogNoOpLogHandler() }
    let client = EnrollmentClient(
      addresses, tls: HTTP2TLS(check: check), group: MultiThreadedEventLoopGroup.singleton, logger: logger)
    let chain: [[UInt8]]
    do {
      chain = try await client.join(request)
    } catch {
      let hint =
        seen.isOther
        ? "; it showed another authority than the token names: was that rotated? Then make another token" : ""
      throw SettingsError("no coordinator gave a certificate\(Self.asked(request)): \(error.message)\(hint)")
    }
    guard let authority = seen.authority else { throw SettingsError("the coordinator showed no authority") }
    let credentials = try pending.accept(chain, from: [authority], as: nil, now: .now)
    try store.install(credentials, trusting: [authority])
    try AgentSecurity.write(enroll, to: folder.appending(AgentSecurity.addressFile).string)
    let identity = credentials.leaf.identity
    try StandardOutput.print("joined as \(identity), until \(credentials.leaf.notAfter) and renewed before")
  }

  private static func prepare(_ stateDir: String, _ store: CertificateStore) throws(SettingsError) {
    do {
      try FileManager.default.createDirectory(
        atPath: stateDir, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw SettingsError(
        "\(Setting.stateDir.flag) \(stateDir): no such folder can be made (\(error.localizedDescription))")
    }
    do {
      try store.prepare()
    } catch {
      throw SettingsError("\(Setting.stateDir.flag) \(stateDir): \(error.message)")
    }
  }

  /// Whom the settings take this machine for, which the token may not.
  private static func asked(_ request: EnrollmentJoinRequest) -> String {
    let said = [(Setting.segment, request.segment), (.agentName, request.name)].filter { !$0.1.isEmpty }
    return said.isEmpty ? "" : " for " + said.map { "\($0.flag) \($1)" }.joined(separator: ", ")
  }

  private static func token() throws -> JoinToken {
    var text = ProcessInfo.processInfo.environment["SCOUT_JOIN_TOKEN"]
    if text == nil {
      if isatty(STDIN_FILENO) == 1 { FileHandle.standardError.write(Data("Token: ".utf8)) }
      text = readLine(strippingNewline: true)
    }
    guard let text, !text.isEmpty else {
      throw SettingsError("no token: set SCOUT_JOIN_TOKEN, or write the token to standard input")
    }
    do {
      return try JoinToken(text)
    } catch {
      throw SettingsError("the token cannot be used: \(error.message)")
    }
  }
}
