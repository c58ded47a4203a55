import Foundation
import Synchronization

/// One sshd process on up to sixteen addresses.
///
/// Sendable: state behind a lock.
final class SSHServer: Sendable {
  private let addresses: [String]
  private let configPath: String
  private let logPath: String
  private let process = Mutex<Process?>(nil)

  init(
    addresses: [String], port: Int, hostKeys: [String], options: TestFleet.Options, directory: URL, number: Int
  ) throws {
    self.addresses = addresses
    configPath = directory.appending(path: "sshd_config.\(number)").path
    logPath = directory.appending(path: "sshd.\(number).log").path
    var lines = options.configuration
    lines += ["Port \(port)"] + addresses.map { "ListenAddress \($0)" } + hostKeys.map { "HostKey \($0)" }
    lines += [
      "AuthorizedKeysFile \(directory.appending(path: "authorized_keys").path)",
      "PidFile none", "StrictModes no", "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
      "PermitRootLogin yes", "UseDNS no", "PrintMotd no", "LogLevel VERBOSE",
      "MaxStartups \(options.maxStartups)", "MaxSessions \(options.maxSessions)",
      // sshd_config(5): SetEnv wins. Bash as a login shell reads ~/.bashrc when sshd starts it, and what the user keeps
      // there may print, wait or take its time.
      "SetEnv HOME=\(directory.path)", "PermitUserRC no",
      "Subsystem sftp \(options.subsystem)",
    ]
    try (lines.joined(separator: "\n") + "\n").write(toFile: configPath, atomically: true, encoding: .utf8)
  }

  /// Starts sshd and returns when it listens on every address; throws with its log after ten seconds.
  func start() async throws {
    // sshd(8): the folder of privilege separation must exist when it runs as root.
    if geteuid() == 0 {
      try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
    }
    let listening = occurrences("Server listening on")
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    // The shell ends sshd when its standard input ends, so a killed test process leaves no server behind.
    process.arguments = [
      "-c", "/usr/sbin/sshd -D -e -f \"$1\" </dev/null >/dev/null 2>>\"$2\" & read -r _; kill $! 2>/dev/null", "sh",
      configPath, logPath,
    ]
    process.standardInput = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process.withLock { $0 = process }
    let deadline = ContinuousClock.now + .seconds(10)
    while occurrences("Server listening on") < listening + addresses.count {
      guard ContinuousClock.now < deadline else {
        throw FleetError("sshd does not listen on \(addresses): \(log)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Kills sshd with all its sessions and waits until they are gone.
  func kill() async {
    await process.withLock({ $0.take() })?.killFamily()
  }

  func signal(_ number: Int32) {
    guard let pid = process.withLock({ $0?.processIdentifier }) else { return }
    for child in descendants(of: pid) { _ = Glibc.kill(child, number) }
  }

  /// Process ids of the sessions: the children of the listening sshd.
  var sessions: [Int32] {
    guard let shell = process.withLock({ $0?.processIdentifier }) else { return [] }
    return children(of: shell).flatMap(children(of:))
  }

  var logins: Int { occurrences("Accepted publickey") }
  var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

  private func occurrences(_ text: String) -> Int { log.ranges(of: text).count }
}
