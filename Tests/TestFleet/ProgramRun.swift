import Foundation

/// Runs a program to its end; its exit status, and what it wrote to both outputs.
///
/// Neither blocks a thread nor waits for the end of a pipe: a server that another test starts at the same moment inherits
/// the descriptors of this program, and would keep such a pipe open for as long as it lives.
package func programRun(
  _ path: String, _ arguments: [String], environment: [String: String] = [:]
) async throws -> (status: Int32, output: String) {
  let name = FileManager.default.temporaryDirectory.appending(path: "scout-run-\(UUID().uuidString)").path()
  defer { for suffix in ["", ".status"] { try? FileManager.default.removeItem(atPath: name + suffix) } }
  let process = Process()
  process.executableURL = URL(filePath: "/bin/sh")
  let script =
    #""$0" "$@" > "$SCOUT_RUN" 2>&1 < /dev/null; echo $? > "$SCOUT_RUN.new"; mv "$SCOUT_RUN.new" "$SCOUT_RUN.status""#
  process.arguments = ["-c", script, path] + arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.merging(["SCOUT_RUN": name]) {
    $1
  }
  process.standardInput = FileHandle.nullDevice
  try process.run()
  let deadline = ContinuousClock.now + .seconds(60)
  while !FileManager.default.fileExists(atPath: name + ".status") {
    guard ContinuousClock.now < deadline else { throw FleetError("\(path) \(arguments) did not end within 60 s") }
    try await Task.sleep(for: .milliseconds(1))
  }
  let status = try String(contentsOfFile: name + ".status", encoding: .utf8)
  return (
    Int32(status.filter(\.isNumber)) ?? -1, String(decoding: try Data(contentsOf: URL(filePath: name)), as: UTF8.self)
  )
}
