/// Files that may never come to an end when they are read, or that do something when they are opened (watchdogs, tapes, terminals).
///
/// Names only: a symbolic link can still lead there. What catches that is the bound on time and output of every command. A
/// relative path is read as if it stood at the root, since there are accounts whose home that is.
enum EndlessFile {
  /// Behind a symbolic link `..` leads elsewhere than it seems to (`/dev/fd/../../kmsg` is in /proc), so nothing can be told.
  static func leadsAnywhere(_ path: String) -> Bool { path.split(separator: "/").contains("..") }

  static func isEndless(_ path: String) -> Bool {
    let parts = parts(of: path)
    switch parts.first {
    case "dev": return parts != ["dev", "null"]
    case "proc": return parts.contains { ["kmsg", "kcore", "mem", "pagemap", "clear_refs"].contains($0) || isDoor($0) }
    case "sys": return parts.contains { $0.hasSuffix("_pipe") || $0.hasSuffix("_pipe_raw") }
    default: return false
    }
  }

  /// Whether such files are found where a command goes through everything below `path`.
  static func areBelow(_ path: String) -> Bool {
    let parts = parts(of: path)
    switch parts.first {
    case nil: return path.hasPrefix("/")
    case "proc":
      guard parts.count > 1 else { return true }
      return ["self", "thread-self"].contains(parts[1]) || parts[1].allSatisfy(\.isNumber)
    case "sys":
      return parts.count == 1 || parts == ["sys", "kernel"]
        || parts.starts(with: ["sys", "kernel", "debug"]) || parts.starts(with: ["sys", "kernel", "tracing"])
    default: return false
    }
  }

  /// Without an end, and nothing else.
  static func isHarmless(_ path: String) -> Bool {
    guard path.hasPrefix("/") else { return false }
    let parts = parts(of: path)
    return parts.count == 2 && parts[0] == "dev" && ["zero", "full", "random", "urandom"].contains(parts[1])
  }

  /// What leads out of a process's folder, back to devices, too.
  private static func isDoor(_ part: Substring) -> Bool { ["root", "cwd", "fd", "map_files"].contains(part) }

  private static func parts(of path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
}
