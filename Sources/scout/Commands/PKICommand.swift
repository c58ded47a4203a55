import ArgumentParser
import Enrollment
import Foundation
import SystemPackage

struct PKICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pki", abstract: "Keep the authority that agents and coordinators are known by.",
    subcommands: [Initialize.self, Token.self, Revoke.self, Show.self])

  /// Where the authority is.
  struct Folder: ParsableArguments {
    @Option(help: "The authority's folder. Without it, SCOUT_PKI.") var pki: String?

    func path() throws -> FilePath {
      guard let folder = pki ?? ProcessInfo.processInfo.environment["SCOUT_PKI"], !folder.isEmpty else {
        throw SettingsError("name the authority's folder with --pki, or set SCOUT_PKI")
      }
      return FilePath(folder)
    }

    func open() throws -> EnrollmentExchange {
      let path = try path()
      return try words { () throws(EnrollmentError) in try EnrollmentExchange(Authority.open(at: path)) }
    }
  }

  /// One agent.
  struct Who: ParsableArguments {
    @Option(help: "The network segment.") var segment: String
    @Option(help: "The agent's name within it: lower case letters, digits, dashes, dots.") var name: String
  }

  struct Initialize: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init", abstract: "Make an authority in a new folder.",
      discussion: "Whoever can read the folder can be any agent or coordinator: keep it on the coordinators only.")

    @OptionGroup var folder: Folder
    @Option(help: "The trust domain in all names: lower case letters, digits, dashes, dots.") var trustDomain = "scout"

    func run() throws {
      let path = try folder.path()
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

  struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "token", abstract: "Make a token by which one agent may join once.",
      discussion: "The token is printed to standard output and kept nowhere else.")

    @OptionGroup var folder: Folder
    @OptionGroup var who: Who
    @Option(help: "Seconds that it lasts, 60 to 86400.") var life = 900

    func run() throws {
      let exchange = try folder.open()
      let (token, record) = try words { () throws(EnrollmentError) in
        let identity = try LinkIdentity.agent(
          segment: who.segment, name: who.name, in: exchange.authority.trustDomain)
        return try exchange.tokens.create(for: identity, life: Double(life), now: .now)
      }
      do {
        try StandardOutput.print(token.text)
      } catch {
        // Nobody has it: it must not be out.
        try words { () throws(EnrollmentError) in _ = try exchange.tokens.withdraw(record.identity, now: .now) }
        throw error
      }
      let note = """
        for \(record.identity), once, until \(record.expires). On the agent's machine:
          scout agent join --enroll COORDINATOR:7445 --state-dir /var/lib/scout-agent   (it asks for the token)

        """
      FileHandle.standardError.write(Data(note.utf8))
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Throw an agent out: its links end within a second, and its certificates and tokens are worthless.",
      discussion: "A new token lets it in again.")

    @OptionGroup var folder: Folder
    @OptionGroup var who: Who

    func run() throws {
      let exchange = try folder.open()
      let withdrawn = try words { () throws(EnrollmentError) in
        let identity = try LinkIdentity.agent(
          segment: who.segment, name: who.name, in: exchange.authority.trustDomain)
        try exchange.revocations.revoke(identity, now: .now)
        return try exchange.tokens.withdraw(identity, now: .now)
      }
      try StandardOutput.print(
        "revoked \(who.segment)/\(who.name)" + (withdrawn > 0 ? " and \(withdrawn) tokens of it" : ""))
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the authority and the tokens that are out.")

    @OptionGroup var folder: Folder

    func run() throws {
      let exchange = try folder.open()
      try StandardOutput.print("authority \(exchange.authority.pin), trust domain \(exchange.authority.trustDomain)")
      try StandardOutput.print("in force until \(exchange.authority.certificate.notAfter)")
      for token in try words({ () throws(EnrollmentError) in try exchange.tokens.outstanding(now: .now) }) {
        try StandardOutput.print("token \(token.id) for \(token.identity), until \(token.expires)")
      }
    }
  }
}

/// What the authority refuses, as one line.
private func words<Answer>(_ body: () throws(EnrollmentError) -> Answer) throws(SettingsError) -> Answer {
  do throws(EnrollmentError) {
    return try body()
  } catch {
    throw SettingsError(error.message)
  }
}
