/// find's own grammar: options, folders, then an expression of tests and actions. Pure.
enum FindExpression {
  private static let leading: Set<String> = ["-H", "-L", "-P"]

  /// Tests, actions and operators without argument.
  private static let plain: Set<String> = [
    "(", ")", "!", ",", "-a", "-and", "-daystart", "-d", "-depth", "-empty", "-executable", "-false", "-follow",
    "-ignore_readdir_race", "-ls", "-mount", "-nogroup", "-noignore_readdir_race", "-noleaf", "-not", "-nouser",
    "-nowarn", "-o", "-or", "-print", "-print0", "-prune", "-quit", "-readable", "-true", "-warn", "-writable", "-xdev",
  ]

  /// Those with one.
  private static let valued: Set<String> = [
    "-amin", "-anewer", "-atime", "-cmin", "-cnewer", "-ctime", "-fstype", "-gid", "-group", "-ilname", "-iname",
    "-inum", "-ipath", "-iregex", "-iwholename", "-links", "-lname", "-maxdepth", "-mindepth", "-mmin", "-mtime",
    "-name", "-newer", "-path", "-perm", "-printf", "-regex", "-regextype", "-samefile", "-size", "-type", "-uid",
    "-used", "-user", "-wholename", "-xtype",
  ]

  private static let refused: [String: String] = [
    "-exec": "runs another command: query that one by itself",
    "-execdir": "runs another command: query that one by itself",
    "-ok": "runs another command: query that one by itself", "-okdir": "runs another command: query that one by itself",
    "-delete": "deletes files: query only looks",
    "-fprint": "writes a file: leave it out, the output comes with the answer",
    "-fprint0": "writes a file: leave it out, the output comes with the answer",
    "-fprintf": "writes a file: leave it out, the output comes with the answer",
    "-fls": "writes a file: leave it out, the output comes with the answer",
    "-files0-from": "takes its folders from a file: give them as arguments",
    "-D": "is for debugging find: leave it out", "-O": "is for tuning find: leave it out",
  ]

  static func check(_ arguments: [String]) throws(QueryRefusal) {
    // Whatever stands before them: no other reading of an expression may find an action there.
    for argument in arguments {
      if let reason = refused[argument] { throw refusal(argument, reason) }
    }
    var rest = arguments[...]
    while let first = rest.first, leading.contains(first) { rest.removeFirst() }
    while let first = rest.first, !beginsExpression(first) { rest.removeFirst() }
    while let token = rest.popFirst() {
      if plain.contains(token) { continue }
      guard valued.contains(token) || isNewer(token) else {
        throw beginsExpression(token)
          ? refusal(token, "is not among the tests that only look: leave it out, or use the tool `list` with a depth")
          : refusal(token, "stands after the expression: name folders before it")
      }
      guard rest.popFirst() != nil else { throw refusal(token, "needs a value") }
    }
  }

  private static func beginsExpression(_ token: String) -> Bool {
    token.hasPrefix("-") || ["(", ")", "!", ","].contains(token)
  }

  /// `-newerXY`
  private static func isNewer(_ token: String) -> Bool {
    let letters = token.dropFirst(6)
    guard token.hasPrefix("-newer"), letters.count == 2, let x = letters.first, let y = letters.last else {
      return false
    }
    return "aBcm".contains(x) && "aBcmt".contains(y)
  }

  private static func refusal(_ token: String, _ reason: String) -> QueryRefusal {
    QueryRefusal("`find`: `\(token)` \(reason)")
  }
}
