import ArgumentParser
import Enrollment
import Foundation

extension PKICommand {
  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put another authority in the place of the one that there is, while everything runs.",
      discussion: """
        Without a flag it makes a new authority beside the old one: both are trusted from then on. Coordinators and agents learn that by \
        themselves; agents get certificates of the new one as soon as every coordinator trusts it. Coordinators of `scout pki issue` need \
        another certificate (`scout pki issue`, into the same folder, when all agents trust the new authority). `scout pki show` says who has \
        not moved yet. --finish retires the old authority: its certificates and the tokens that are out are worthless from then on, and its \
        key is destroyed. It refuses while somebody needs the old one.
        """)

    @OptionGroup var folder: Folder
    @Flag(help: "Retire the old authority.") var finish = false
    @Flag(help: "Take the new authority back.") var abort = false
    @Flag(help: "With --finish or --abort: throw out whoever still needs the authority that goes.") var force = false

    func validate() throws {
      guard !(finish && abort) else { throw ValidationError("--finish and --abort exclude each other.") }
      guard !force || finish || abort else { throw ValidationError("--force needs --finish or --abort.") }
    }

    func run() async throws {
      let path = try await folder.path()
      let rotation = try words { () throws(EnrollmentError) in try Rotation(at: path) }
      guard finish || abort else {
        let authorities = try words { () throws(EnrollmentError) in try rotation.begin(now: .now) }
        try StandardOutput.print(
          "made the authority \(authorities.pins[authorities.pins.count - 1]) beside \(authorities.serving.pin): both are trusted"
        )
        try StandardOutput.print(
          "next: scout pki show --pki \(path), until nobody needs the old one; then scout pki rotate --finish --pki \(path)"
        )
        return
      }
      let thrownOut = try words { () throws(EnrollmentError) in
        try finish ? rotation.finish(force: force, now: .now) : rotation.abort(force: force, now: .now)
      }
      let left = try words { () throws(EnrollmentError) in try Authority.open(at: path) }
      try StandardOutput.print("the authority is \(left.pin) alone; the key of the other one is destroyed")
      for name in thrownOut { try StandardOutput.print("thrown out: \(name)") }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the authority, the tokens that are out, and while it is rotated who has not moved.")

    @OptionGroup var folder: Folder

    func run() async throws {
      let exchange = try await folder.open()
      let authority = exchange.authority
      try StandardOutput.print("authority \(authority.pin), trust domain \(authority.trustDomain)")
      try StandardOutput.print("in force until \(authority.certificate.notAfter)")
      if let next = exchange.authorities.next { try show(next, exchange) }
      for token in try words({ () throws(EnrollmentError) in try exchange.tokens.outstanding(now: .now) }) {
        try StandardOutput.print("token \(token.id) for \(token.identity), until \(token.expires)")
      }
    }

    private func show(_ next: Authority, _ exchange: EnrollmentExchange) throws {
      try StandardOutput.print("being replaced by \(next.pin), in force until \(next.certificate.notAfter)")
      let holders = try words { () throws(EnrollmentError) in
        try exchange.revocations.reloadIfChanged()
        return try exchange.holders.inForce(exchange.revocations, now: .now)
      }
      let moved = holders.filter { $0.authority == next.pin }
      for holder in holders where holder.authority != next.pin {
        let what =
          switch (holder.trusted.contains(next.pin), holder.identity.role) {
          case (true, .agent): "trusts the new one, and gets its certificate by itself"
          case (true, .coordinator): "trusts the new one, and needs a certificate of it: scout pki issue"
          case (false, .agent):
            "does not trust the new one yet: it learns of it within a minute, where its version knows how"
          case (false, .coordinator):
            "does not trust the new one yet: it learns of it within a minute, where it was issued with --enroll; else scout pki issue"
          }
        try StandardOutput.print("not moved: \(holder.identity), until \(holder.expires): \(what)")
      }
      for holder in moved where holder.identity.role == .coordinator && !holder.isSeen {
        try StandardOutput.print(
          "issued: \(holder.identity): whether the certificate is in its place was not seen here")
      }
      try StandardOutput.print(
        "\(moved.count) of \(holders.count) have moved" + (moved.count == holders.count ? ": --finish can follow" : ""))
    }
  }
}
