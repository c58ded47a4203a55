import ArgumentParser
import Coordinator
import Enrollment
import Foundation
import SystemPackage

struct PKICommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pki", abstract: "Keep the authority that agents and coordinators are known by.",
    subcommands: [Initialize.self, Token.self, Issue.self, Revoke.self, Rotate.self, Show.self])

  /// Where the authority is.
  struct Folder: SettingFlags {
    @Option(help: "The authority's folder. [SCOUT_PKI]") var pki: String?
    @Option(help: "The coordinator's YAML file of settings, which may name the folder. [SCOUT_CONFIG]") var config:
      String?

    var given: [String: [String]] { scout.given([(.pki, pki)]) }

    func path() async throws -> FilePath {
      guard let folder = try await SettingsReader(self, config: config).text(.pki) else {
        throw SettingsError("name the authority's folder with \(Setting.pki.flag), or set \(Setting.pki.variable)")
      }
      return FilePath(folder)
    }

    func open() async throws -> EnrollmentExchange {
      let path = try await path()
      return try words { () throws(EnrollmentError) in try EnrollmentExchange(Authority.open(at: path)) }
    }
  }

  /// One agent.
  struct Who: ParsableArguments {
    @Option(help: "The network segment.") var segment: String
    @Option(help: "The agent's name within it: lower case letters, digits, dashes, dots.") var name: String
  }

  struct Initialize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init", abstract: "Make an authority in a new folder.",
      discussion: "Whoever can read the folder can be any agent or coordinator: keep it on the coordinators only.")

    @OptionGroup var folder: Folder
    @Option(help: "The trust domain in all names: lower case letters, digits, dashes, dots.") var trustDomain = "scout"

    func run() async throws {
      let path = try await folder.path()
      let parent = path.removingLastComponent().string
      do {
        if !parent.isEmpty {
          try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        }
      } catch {
        throw SettingsError("no folder \(parent) can be made (\(error.localizedDescription))")
      }
      let authority = try words { () throws(EnrollmentError) in
        try Authority.create(at: path, trustDomain: TrustDomain(trustDomain), now: .now)
      }
      try StandardOutput.print("made the authority \(authority.pin) in \(path)")
      try StandardOutput.print(
        "next: scout coordinator --pki \(path) --agent-listen HOST:7444 --enroll-listen HOST:7445")
    }
  }

  struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "token", abstract: "Make a token by which one agent may join once.",
      discussion: "The token is printed to standard output and kept nowhere else.")

    @OptionGroup var folder: Folder
    @OptionGroup var who: Who
    @Option(help: "Seconds that it lasts, 60 to 86400.") var life = 900

    func run() async throws {
      let exchange = try await folder.open()
      let (token, record) = try words { () throws(EnrollmentError) in
        let identity = try LinkIdentity.agent(
          segment: who.segment, name: who.name, in: exchange.authority.trustDomain)
        return try exchange.tokens.create(for: identity, life: Double(life), now: .now)
      }
      do {
        try StandardOutput.print(token.text)
      } catch {
        // Nobody has it: it must not be out.
        try words { () throws(EnrollmentError) in try exchange.tokens.withdraw(record) }
        throw error
      }
      let note = """
        for \(record.identity), once, until \(record.expires). On the agent's machine:
          sudo -u scout-agent scout agent join --enroll COORDINATOR:7445 --state-dir /var/lib/scout-agent/state
        It asks for the token; without the Debian package, any user and folder do.

        """
      FileHandle.standardError.write(Data(note.utf8))
    }
  }

  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a certificate for another coordinator, in a folder to be moved to its machine.",
      discussion: """
        There, --pki names that folder: joined agents take the coordinator in, and it takes them in. It lets nobody join. With --enroll it \
        asks there who is revoked, each half minute; without, a revoked agent is taken in until that one's certificate ends, a day at \
        most. Before its own ends, issue another into the same folder; what is moved over is read anew. `scout pki revoke --coordinator` \
        throws it out.
        """)

    @OptionGroup var folder: Folder
    @Option(help: "The coordinator's name: lower case letters, digits, dashes, dots.") var name: String
    @Option(help: "Days that it lasts, 1 to 397.") var days = 90
    @Option(help: "HOST:PORT of --enroll-listen of the coordinator with the authority; may be given several times.")
    var enroll: [String] = []
    @Argument(help: "The folder, new or with the certificate before.") var output: String

    func run() async throws {
      guard (1...397).contains(days) else { throw SettingsError("--days is a whole number from 1 to 397, not \(days)") }
      if !enroll.isEmpty { _ = try SettingsReader.enrollmentAddresses(enroll, in: "--enroll") }
      let exchange = try await folder.open()
      let stored = try words { () throws(EnrollmentError) in
        let identity = try LinkIdentity.coordinator(name: name, in: exchange.authority.trustDomain)
        let store = CertificateStore(FilePath(output))
        if try CoordinatorSecurity.authority(at: FilePath(output)) != nil {
          throw EnrollmentError(
            .alreadyExists, "\(output) is an authority's folder: give the certificate one of its own")
        }
        if let other = try store.load()?.identity, other != identity {
          throw EnrollmentError(
            .alreadyExists, "\(output) holds the certificate of \(other): give this one a folder of its own")
        }
        let credentials = try exchange.issueWithKey(identity, life: Double(days) * 86_400, now: .now)
        return try store.install(credentials, trusting: exchange.authorities.trusted)
      }
      if !enroll.isEmpty { try AgentSecurity.write(enroll, to: output + "/" + AgentSecurity.addressFile) }
      try StandardOutput.print("made \(stored.identity) in \(output), until \(stored.leaf.notAfter)")
      if exchange.authorities.next != nil, stored.authority == exchange.authority.certificate {
        try StandardOutput.print(
          "it is of the old authority, since not all agents trust the new one yet: issue another before the rotation is finished"
        )
      }
      if exchange.authorities.next != nil, enroll.isEmpty {
        try StandardOutput.print(
          "put it in its place within five minutes: then agents get certificates of the new authority, which it has to trust"
        )
      }
      try StandardOutput.print(
        "next: copy the folder with its link (rsync -a; scp -r follows it), and on its machine scout coordinator --pki FOLDER --agent-listen HOST:7444"
      )
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Throw an agent or a coordinator out: its links end, and its certificates and tokens are worthless.",
      discussion: """
        An agent's links to the coordinator with the authority end within a second. Agents, and coordinators of `scout pki issue --enroll`, \
        ask there each half minute who is revoked. A new token, or another `scout pki issue`, lets it in again. Against a coordinator \
        that has had the authority's folder only another authority helps.
        """)

    @OptionGroup var folder: Folder
    @Option(help: "The agent's network segment.") var segment: String?
    @Option(help: "The agent's name within it.") var name: String?
    @Option(help: "A coordinator's name, instead of an agent's.") var coordinator: String?

    func validate() throws {
      let isAgent = segment != nil && name != nil && coordinator == nil
      guard isAgent || (coordinator != nil && segment == nil && name == nil) else {
        throw ValidationError("Name an agent by --segment and --name, or a coordinator by --coordinator.")
      }
    }

    private static func name(_ identity: LinkIdentity) -> String {
      identity.segment.map { "\($0)/\(identity.name)" } ?? "the coordinator \(identity.name)"
    }

    /// A name that nobody has is mostly a misspelt one, and whoever is meant still in.
    private func unknown(_ name: String, _ exchange: EnrollmentExchange) throws -> String {
      let known = try words { () throws(EnrollmentError) in
        try exchange.holders.inForce(exchange.revocations, now: .now)
      }.map { Self.name($0.identity) }
      let near = NearestNames.of(name, in: known)
      return "nobody has a certificate or a token as \(name): is that the name?"
        + (near.isEmpty ? "" : " There is \(near.joined(separator: ", ")).")
    }

    private func identity(in domain: TrustDomain) throws(EnrollmentError) -> LinkIdentity {
      if let coordinator { return try .coordinator(name: coordinator, in: domain) }
      return try .agent(segment: segment ?? "", name: name ?? "", in: domain)
    }

    func run() async throws {
      let exchange = try await folder.open()
      let now = Date()
      let identity = try words { () throws(EnrollmentError) in
        try self.identity(in: exchange.authority.trustDomain)
      }
      let isKnown = exchange.holders.record(identity) != nil
      let withdrawn = try words { () throws(EnrollmentError) in
        try exchange.revocations.revoke(identity, now: now)
        return try exchange.tokens.withdraw(identity, now: now)
      }
      // It covers what is made in the same second, or the next: a token that is made from here on lets it in again.
      let end = now.timeIntervalSince1970.rounded(.up) + 1
      try await Task.sleep(for: .seconds(max(0, end - Date().timeIntervalSince1970)))
      let name = Self.name(identity)
      try StandardOutput.print("revoked \(name)" + (withdrawn > 0 ? " and \(withdrawn) tokens of it" : ""))
      guard isKnown || withdrawn > 0 else { throw TerminalError(try unknown(name, exchange)) }
    }
  }
}

/// What the authority refuses, as one line.
func words<Answer>(_ body: () throws(EnrollmentError) -> Answer) throws(SettingsError) -> Answer {
  do throws(EnrollmentError) {
    return try body()
  } catch {
    throw SettingsError(error.message)
  }
}
