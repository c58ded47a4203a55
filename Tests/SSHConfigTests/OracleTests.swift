import Foundation
import TestFleet
import Testing

@testable import SSHConfig

/// What ssh resolves, Scout resolves: `ssh -G` is asked about every configuration of the corpus.
@Suite struct OracleTests {
  @Test(arguments: CorpusEntry.all)
  func handmade(_ entry: CorpusEntry) async throws {
    try await compare(entry.config, files: entry.files, aliases: entry.aliases)
  }

  @Test(arguments: 0..<20)
  func generated(_ batch: UInt64) async throws {
    for seed in batch * 15..<batch * 15 + 15 {
      var generator = RandomConfig(seed: seed)
      let text = generator.text()
      var random = Seeded(seed: seed ^ 0xFFFF)
      try await compare(
        text, files: generator.files, aliases: Array(RandomConfig.names.shuffled(using: &random).prefix(3)),
        "seed \(seed)")
    }
  }

  /// ssh -v names the identity files with their tokens expanded.
  @Test(arguments: ["alpha", "Beta"])
  func identityFileTokens(_ alias: String) async throws {
    let scratch = try Scratch()
    let config = try scratch.write(
      "config",
      """
      Host alpha
        HostName %h.example.com
        User bob
        Port 2200
        HostKeyAlias Key
      Host *
        IdentityFile /k/%C
        IdentityFile %d/%h/%n/%p/%r/%u/%L/%l/%i/%k/%%
        IdentityFile ~/x/${HOME}/%n
        IdentityFile ~root/y
        ProxyCommand false
      """)
    let host = try SSHConfig.load(path: config).resolve(alias)
    let (_, output) = try await programRun("/usr/bin/ssh", ["-v", "-F", config, "-o", "BatchMode=yes", alias])
    let theirs = output.split(whereSeparator: \.isNewline).compactMap { line -> String? in
      guard let range = line.range(of: "identity file "), let end = line.range(of: " type ") else { return nil }
      let path = String(line[range.upperBound..<end.lowerBound])
      return path.hasSuffix("-cert") ? nil : path
    }
    #expect(theirs == host.identityFiles)
  }

  private func compare(
    _ text: String, files: [String: String], aliases: [String], _ comment: Comment? = nil
  ) async throws {
    let scratch = try Scratch()
    let path = try scratch.write("config", text)
    for (name, content) in files { try scratch.write(name, content) }
    let environment = try await SSHConfigEnvironment.oracle()
    let config = Result { () throws(SSHConfigError) in try SSHConfig.load(path: path, environment: environment) }
    let answers = try await OpenSSH.settings(config: path, aliases: aliases)
    try #require(answers.count == aliases.count)
    for (alias, theirs) in zip(aliases, answers) {
      let ours = Result { () throws(SSHConfigError) in try config.get().resolve(alias) }
      switch (theirs, ours) {
      case (nil, .failure): break
      case (nil, .success): Issue.record("ssh refuses it, we do not: \(alias)\n\(text)\n\(comment ?? "")")
      case (.some, .failure(let error)): Issue.record("ssh takes it, we say \(error)\n\(text)\n\(comment ?? "")")
      case (.some(let theirs), .success(let host)):
        let differences = host.differences(from: theirs, environment)
        #expect(differences.isEmpty, "\(alias): \(differences)\n\(text)\n\(files)\n\(comment ?? "")")
      }
    }
  }
}
