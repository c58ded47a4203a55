import Foundation

extension SettingsReader {
  /// The settings of this process: its flags, its environment, and the file that `--config` or SCOUT_CONFIG names.
  init(_ flags: any SettingFlags..., config: String?) async throws {
    let environment = ProcessInfo.processInfo.environment
    try await self.init(
      flags: flags.reduce(into: [:]) { $0.merge($1.given) { $1 } }, environment: environment,
      file: config ?? environment["SCOUT_CONFIG"])
  }
}
