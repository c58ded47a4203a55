import Configuration
import FoundationEssentials
import SystemPackage

/// A setting that cannot be used: one line that names the key, the value and what is allowed.
struct SettingsError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ setting: Setting, value: String) {
    let shown = setting.isSecret ? "its value" : "`\(value)`"
    description = "\(setting.variable) (\(setting.flag)): \(shown) is not \(setting.allowed)"
  }
}

/// Reads settings: a flag wins over the environment, that over the settings file, and that over the default.
struct SettingsReader {
  private let reader: ConfigReader

  /// - Parameters:
  ///   - flags: texts of the flags that were given, by the setting's name.
  ///   - file: a YAML file with the settings' names as keys; nil for none.
  /// - Throws: `SettingsError` when the file cannot be read, or holds what is no setting.
  init(flags: [String: [String]], environment: [String: String], file: String?) async throws {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for (name, texts) in flags {
      values[AbsoluteConfigKey([name])] = ConfigValue(.string(texts.joined(separator: ",")), isSecret: false)
    }
    var providers: [any ConfigProvider] = [
      InMemoryProvider(name: "flags", values: values),
      EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "scout"),
      EnvironmentVariablesProvider(environmentVariables: environment.filter { Self.predecessors.contains($0.key) })
        .prefixKeys(with: "mcp.cat"),
    ]
    if let file, try SettingsFile.holdsSettings(file) {
      do {
        providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
      } catch {
        throw SettingsError("settings file \(file): \(error)")
      }
    }
    reader = ConfigReader(providers: providers)
  }

  /// Names that Scout's predecessor gave to three of the settings.
  private static let predecessors: Set<String> = [
    "MCP_CAT_MAX_FILE_SIZE", "MCP_CAT_COMMAND_TIMEOUT", "MCP_CAT_IDLE_TIMEOUT",
  ]

  /// The text of a setting, or its default; nil when neither is there.
  func text(_ setting: Setting) -> String? {
    let key = ConfigKey([setting.name])
    let said = reader.string(forKey: key, isSecret: setting.isSecret)
    let text = said ?? setting.standard
    return text.isEmpty ? nil : text
  }

  /// Somebody said something about it.
  func isSaid(_ setting: Setting) -> Bool {
    reader.string(forKey: ConfigKey([setting.name]), isSecret: setting.isSecret) != nil
  }

  func choice(_ setting: Setting) throws(SettingsError) -> String? {
    guard let text = text(setting) else { return nil }
    // As people write them, who may come from another program's settings: INFO, True, warn.
    let word = text.lowercased() == "warn" ? "warning" : text.lowercased()
    guard case .choice(let choices) = setting.kind, choices.contains(word) else {
      throw SettingsError(setting, value: text)
    }
    return word
  }

  /// For settings with a default.
  func integer(_ setting: Setting) throws(SettingsError) -> Int {
    let text = text(setting) ?? ""
    guard case .integer(let range, _) = setting.kind, let value = Int(text), range.contains(value) else {
      throw SettingsError(setting, value: text)
    }
    return value
  }

  /// nil when it was not said and has no default.
  func flag(_ setting: Setting) throws(SettingsError) -> Bool? {
    guard let text = text(setting) else { return nil }
    switch text.lowercased() {
    case "true", "yes", "1", "on": return true
    case "false", "no", "0", "off": return false
    default: throw SettingsError(setting, value: text)
    }
  }

  /// The parts between commas, without blanks around them; empty ones are left out.
  func list(_ setting: Setting) -> [String] {
    let key = ConfigKey([setting.name])
    let parts =
      reader.string(forKey: key, isSecret: setting.isSecret)?.split(separator: ",").map(String.init)
      ?? reader.stringArray(forKey: key, isSecret: setting.isSecret) ?? []
    return parts.compactMap { part in
      guard let first = part.firstIndex(where: { !$0.isWhitespace }),
        let last = part.lastIndex(where: { !$0.isWhitespace })
      else { return nil }
      return String(part[first...last])
    }
  }
}
