/// Files that may never come to an end when they are read, or that do something when they are opened (watchdogs, tapes, terminals).
///
/// Names only: a symbolic link can still lead there. What catches that is the bound on time and output of every command.
enum EndlessFile {
  static func isEndless(_ path: String) -> Bool {
    if isEndless(parts(of: path), isAbsolute: path.hasPrefix("/")) { return true }
    // Behind a symbolic link, `..` does not lead back to where it came from, and a relative path may begin anywhere: what
    // follows the last one may stand at the root.
    let written = path.split(separator: "/")
    guard let last = written.lastIndex(of: "..") else { return false }
    return isEndless(written[(last + 1)...].filter { $0 != "." }, isAbsolute: true)
  }

  /// Whether such files are found where a command goes through everything below `path`.
  static func areBelow(_ path: String) -> Bool {
    guard path.hasPrefix("/") else { return false }
    let folders: [[Substring]] = [
      [], ["proc"], ["sys"], ["sys", "kernel"], ["sys", "kernel", "debug"], ["sys", "kernel", "tracing"],
      ["sys", "kernel", "debug", "tracing"],
    ]
    return folders.contains(parts(of: path))
  }

  /// Without an end, and nothing else.
  static func isHarmless(_ path: String) -> Bool {
    guard path.hasPrefix("/") else { return false }
    let parts = parts(of: path)
    return parts.count == 2 && parts[0] == "dev" && ["zero", "full", "random", "urandom"].contains(parts[1])
  }

  private static func isEndless(_ parts: [Substring], isAbsolute: Bool) -> Bool {
    guard isAbsolute, let first = parts.first else { return false }
    switch first {
    case "dev": return parts != ["dev", "null"]
    case "proc":
      return parts.contains { ["kmsg", "kcore", "mem", "pagemap", "clear_refs"].contains($0) }
        || parts.contains { ["root", "cwd", "fd", "map_files"].contains($0) }
    case "sys": return parts.contains { $0.hasSuffix("_pipe") || $0.hasSuffix("_pipe_raw") }
    default: return false
    }
  }

  /// With `..` taken as it is written.
  private static func parts(of path: String) -> [Substring] {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return parts
  }
}
