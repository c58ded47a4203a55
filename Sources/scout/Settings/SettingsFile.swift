import Foundation

/// What a settings file may hold: one setting a line, or a list below one. Checked before it is read, since a setting that nobody
/// knows, or of another shape than it has, would pass in silence: a block-list that blocks nobody. Stateless.
enum SettingsFile {
  /// Checks the file. False where there is nothing in it but comments, which is no YAML map.
  ///
  /// - Throws: `SettingsError`, also for what cannot be read.
  static func holdsSettings(_ path: String) throws(SettingsError) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SettingsError("settings file \(path): there is no such file")
    }
    guard !isFolder.boolValue else { throw SettingsError("settings file \(path): it is a folder") }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw SettingsError("settings file \(path): it cannot be read, or is no UTF-8")
    }
    try check(text, known: Setting.all, file: path)
    return text.split(whereSeparator: \.isNewline).contains { line in
      line.first { !$0.isWhitespace }.map { $0 != "#" } ?? false
    }
  }

  /// - Parameter text: YAML in block style, as README shows it.
  /// - Throws: `SettingsError`, which names the line.
  static func check(_ text: String, known: [Setting], file: String) throws(SettingsError) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.filter { $0 != "\r" } }
    for (index, line) in lines.enumerated() {
      guard let first = line.first, !first.isWhitespace, !"#-%.".contains(first) else { continue }
      func fault(_ words: String) -> SettingsError {
        SettingsError("settings file \(file), line \(index + 1): \(words)")
      }
      guard let colon = line.firstIndex(of: ":") else { throw fault("`\(line)` is no `setting: value`") }
      let name = line[..<colon].filter { $0 != "\"" && $0 != "'" }
      guard let setting = known.first(where: { $0.name == name }) else {
        throw fault("there is no setting `\(name)`; README lists them all, here in lower case without SCOUT_")
      }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      let below = lines[(index + 1)...].first { line in
        !line.allSatisfy(\.isWhitespace) && line.first { !$0.isWhitespace } != "#"
      }
      let isAlone = value.isEmpty || value.first == "#"
      let isMap =
        value.first == "{" || isAlone && below?.first?.isWhitespace == true && below?.first { !$0.isWhitespace } != "-"
      let isList = value.first == "[" || isAlone && below?.first { !$0.isWhitespace } == "-"
      if isMap { throw fault("`\(name)` is a map, and takes none: write \(setting.allowed)") }
      if isList, setting.kind != .list { throw fault("`\(name)` is a list: write \(setting.allowed)") }
    }
  }
}
