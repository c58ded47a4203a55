import Foundation
import SystemPackage
import Testing

@testable import Enrollment

@Suite struct CertificateStoreTests {
  private let installation: Installation
  private let store: CertificateStore

  init() throws {
    installation = try Installation()
    store = CertificateStore(installation.scratch.path.appending("own"))
  }

  private func credentials() throws -> Credentials {
    try installation.authority.issueWithKey(Installation.agent(), now: Installation.start)
  }

  @Test func whatIsInstalledIsLoaded() throws {
    #expect(try store.load() == nil)
    let credentials = try credentials()
    let stored = try store.install(credentials)
    #expect(stored.leaf == credentials.leaf)
    #expect(stored.authority == installation.authority.certificate)
    #expect(try store.load() == stored)
    #expect(try String(contentsOfFile: stored.keyFile, encoding: .utf8) == credentials.keyPEM)
    #expect(try String(contentsOfFile: stored.chainFile, encoding: .utf8) == credentials.chainPEM)
    for (file, mode) in [(stored.keyFile, 0o600), (store.path.string, 0o700)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: file)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode)
    }
  }

  @Test func aRenewalReplacesAllAndKeepsTheOneBefore() throws {
    var stored: [StoredCertificate] = []
    for _ in 0..<4 {
      stored.append(try store.install(credentials()))
      #expect(try store.load() == stored.last)
    }
    let isThere = stored.map { FileManager.default.fileExists(atPath: $0.keyFile) }
    #expect(isThere == [false, false, true, true])
    #expect(try installation.scratch.names("own").count == 4)  // two generations, the link, the lock
  }

  /// What a renewal leaves when the machine stops after its first, second, ... step.
  @Test(arguments: 0...5)
  func aRenewalThatWasCutShortChangesNothing(steps: Int) throws {
    let old = try store.install(credentials())
    let next = try credentials()
    let folder = try PrivateFolder(existing: store.path)
    let generation = "generation-00112233aabbccdd"
    let made = [
      ("key.pem", next.keyPEM), ("chain.pem", next.chainPEM), ("authority.pem", next.authority.pem),
    ]
    if steps > 0 {
      let half = try folder.folder(generation)
      for (name, text) in made.prefix(steps - 1) { try half.create(name, Array(text.utf8)) }
      // Half a file.
      if steps < 4 { try half.create("key.pem.half", Array("-----BEG".utf8)) }
    }
    if steps == 5 {
      try FileManager.default.createSymbolicLink(
        atPath: store.path.appending(".new-0011223344556677").string, withDestinationPath: generation)
    }
    #expect(try store.load() == old)
    let new = try store.install(next)
    #expect(try store.load() == new)
    #expect(FileManager.default.fileExists(atPath: old.keyFile))
    #expect(try installation.scratch.names("own").count == 4)
  }

  @Test func aKeyThatIsNotTheCertificatesIsRefused() throws {
    let stored = try store.install(credentials())
    try Data(credentials().keyPEM.utf8).write(to: URL(filePath: stored.keyFile))
    #expect(refusal { _ = try store.load() } == .storage)
    try FileManager.default.removeItem(atPath: stored.keyFile)
    #expect(refusal { _ = try store.load() } == .storage)
    // A new installation is the way out.
    let next = try store.install(credentials())
    #expect(try store.load() == next)
  }

  @Test(arguments: ["/etc", "../pki", "generation-../../pki", "generation-", "generation-00112233aabbccddee", ""])
  func aLinkThatPointsElsewhereIsNotFollowed(target: String) throws {
    try store.install(credentials())
    let link = store.path.appending("current").string
    try FileManager.default.removeItem(atPath: link)
    if target.isEmpty {
      #expect(FileManager.default.createFile(atPath: link, contents: nil))
    } else {
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    }
    #expect(refusal { _ = try store.load() } == .storage)
    let next = try store.install(credentials())
    #expect(try store.load() == next)
  }

  /// As scp -r copies it: the folder that the link names, in the link's place.
  @Test func aFolderInTheLinksPlaceSaysHowToCopy() throws {
    try store.install(credentials())
    let link = store.path.appending("current").string
    try FileManager.default.removeItem(atPath: link)
    try FileManager.default.createDirectory(atPath: link, withIntermediateDirectories: false)
    let error = #expect(throws: EnrollmentError.self) { _ = try store.load() }
    #expect(error?.code == .storage && error?.message.contains("rsync -a") == true)
  }

  @Test func anExpiredCertificateIsLoaded() throws {
    let old = try installation.authority.issueWithKey(Installation.agent(), life: 600, now: Installation.start)
    let stored = try store.install(old)
    #expect(try store.load() == stored)
  }

  @Test func aLeafOfAnotherAuthorityIsNotInstalled() throws {
    let foreign = try Installation().authority.issueWithKey(Installation.agent(), now: Installation.start)
    let stored = try store.install(credentials())
    try Data(foreign.chainPEM.utf8).write(to: URL(filePath: stored.chainFile))
    try Data(foreign.keyPEM.utf8).write(to: URL(filePath: stored.keyFile))
    #expect(refusal { _ = try store.load() } == .notOurs)
  }

  @Test func aFolderThatOthersMayEnterIsRefused() throws {
    try store.install(credentials())
    try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: store.path.string)
    #expect(refusal { _ = try store.load() } == .storage)
    let next = try credentials()
    #expect(refusal { _ = try store.install(next) } == .storage)
  }

  @Test func keysAreNotDescribed() throws {
    let credentials = try credentials()
    var dumped = ""
    dump(credentials, to: &dumped)
    for text in ["\(credentials)", String(reflecting: credentials), dumped] {
      #expect(!text.contains("PRIVATE"))
    }
  }
}
