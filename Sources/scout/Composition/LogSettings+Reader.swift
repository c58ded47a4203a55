import Telemetry

extension LogSettings {
  init(_ settings: SettingsReader) throws {
    let level = try settings.choice(.logLevel) ?? Setting.logLevel.standard
    let format = try settings.choice(.logFormat) ?? Setting.logFormat.standard
    guard let log = LogSettings(level: level, format: format) else {
      throw SettingsError("\(Setting.logLevel.variable), \(Setting.logFormat.variable): \(Self.allowed)")
    }
    self = log
  }
}
