import Testing

@testable import SSH

/// Paths on hosts, as they are sent.
@Suite struct RemotePathTests {
  @Test(arguments: [
    ("/dev/watchdog", true), ("//./dev//null", true), ("/dev", true), ("/var/run/../dev/sda", true), ("..", true),
    ("dev/x", true), ("/etc/dev/x", false), ("/device/x", false), ("/..data/x", false), ("/etc/hosts", false),
    ("/./de/v", false), ("/", false), (".", false), ("/a/dev", false),
    ("/proc/1/root/dev/watchdog", true), ("/proc/self/cwd/x", true), ("/proc/self/fd/3", true),
    ("/proc/1/status", false),
    ("/srv/root/x", false), ("/proc", false),
  ])
  func devicesAreToldByTheirNames(_ path: String, _ mayBe: Bool) throws {
    #expect(try RemotePath(path).mayBeDevice == mayBe)
  }

  @Test(arguments: [
    ("~", "."), ("~/etc", "./etc"), ("./etc", "./etc"), ("/etc", "/etc"), ("~root", "~root"), ("etc", "etc"),
  ])
  func theLoginDirectoryIsShownAsItIsWritten(_ path: String, _ sent: String) throws {
    let remote = try RemotePath(path)
    #expect(String(decoding: remote.bytes, as: UTF8.self) == sent)
    #expect(remote.description == (path == "./etc" ? "~/etc" : path))
  }
}
