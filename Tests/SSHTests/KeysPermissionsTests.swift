import Testing

@testable import SSH

@Suite struct KeysPermissionsTests {
  @Test(
    arguments: [
      (0o600, true), (0o400, true), (0o700, true), (0o640, false), (0o604, false), (0o644, false), (0o601, false),
    ] as [(UInt16, Bool)])
  func onesOwnFile(_ mode: UInt16, _ isFine: Bool) {
    let fault = KeyFilePermissions(owner: 7, mode: mode).fault(path: "/k", userID: 7)
    #expect((fault == nil) == isFine)
    if let fault { #expect(fault.contains("chmod 600 /k")) }
  }

  @Test func anotherOwnersFileIsNotJudged() {
    #expect(KeyFilePermissions(owner: 0, mode: 0o644).fault(path: "/k", userID: 7) == nil)
  }
}
