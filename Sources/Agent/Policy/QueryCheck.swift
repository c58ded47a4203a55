/// Goes through one command's arguments. Confined to one call of `QueryPolicy.check`.
struct QueryCheck {
  private let command: QueryCommand
  private var operands: [String] = []
  /// An option gave the pattern, so every operand is a file.
  private var hasPattern = false
  /// What bounds head: the last option that says so counts, so every one must be a number of bytes from the start.
  private var byteBounds: [Bool] = []
  /// Goes through everything below the folders that it is given.
  private var isRecursive: Bool
  /// To be put before the arguments because of one of them.
  private(set) var added: [String] = []

  init(command: QueryCommand) {
    self.command = command
    // diff goes through the files of two folders without being told.
    isRecursive = ["rg", "diff"].contains(command.name)
  }

  mutating func run(_ arguments: [String]) throws(QueryRefusal) {
    if case .expression = command.grammar {
      try FindExpression.check(arguments)
      return
    }
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        try takeOperands(rest)
        break
      }
      if argument.hasPrefix("-"), argument != "-", !operands.isEmpty, case .atMost = command.operands {
        // An implementation that reads no options behind an operand (POSIX XBD 12.2) takes it for the file to write.
        throw refusal(argument, "stands behind the file, where it may mean one to write: write options first")
      }
      if argument.hasPrefix("--") {
        try takeLong(argument, &rest)
      } else if argument.hasPrefix("-"), argument != "-" {
        try takeShort(argument, &rest)
      } else {
        operands.append(argument)
      }
    }
    try QueryOperands(
      command, operands, hasPattern: hasPattern, hasByteBound: !byteBounds.isEmpty && byteBounds.allSatisfy { $0 },
      isRecursive: isRecursive
    ).check()
  }

  private mutating func takeOperands(_ rest: ArraySlice<String>) throws(QueryRefusal) {
    for operand in rest {
      // Some implementations go on reading options there.
      if !["grep", "rg"].contains(command.name), operand.hasPrefix("-"), operand != "-" {
        throw refusal(operand, "begins with a dash: write `./\(operand)`")
      }
      operands.append(operand)
    }
  }

  private mutating func takeLong(_ argument: String, _ rest: inout ArraySlice<String>) throws(QueryRefusal) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let hasValue = parts.count == 2
    if let reason = command.refused[name] { throw refusal(name, reason) }
    if command.longFlags.contains(name) {
      guard !hasValue else { throw refusal(name, "takes no value") }
      noteFlag(name)
      return
    }
    if command.longOptional.contains(name) { return }
    guard command.longValued.contains(name) else { throw unknown(name) }
    note(name, value: hasValue ? String(parts[1]) : try takeValue(of: name, &rest))
  }

  private mutating func takeShort(_ argument: String, _ rest: inout ArraySlice<String>) throws(QueryRefusal) {
    let letters = argument.dropFirst()
    if command.takesNumber, Self.isNumber(letters) {
      byteBounds.append(false)
      return
    }
    // tree -R and ps's one-dash words would otherwise be told by their first letter.
    if let reason = command.refused[argument] { throw refusal(argument, reason) }
    for (offset, letter) in letters.enumerated() {
      let option = "-\(letter)"
      if let reason = command.refused[option] { throw refusal(option, reason) }
      let isLast = offset == letters.count - 1
      if command.flags.contains(letter) {
        noteFlag(option)
        continue
      }
      if command.optional.contains(letter) { return }
      guard command.valued.contains(letter) else { throw unknown(option) }
      if isLast {
        note(option, value: try takeValue(of: option, &rest))
      } else if case .detachedValues = command.grammar {
        throw refusal(argument, "must end in the option with a value: write `\(option) VALUE`")
      } else {
        note(option, value: String(letters.dropFirst(offset + 1)))
      }
      return
    }
  }

  /// A value that looks like an option is refused: another implementation may see one there.
  private func takeValue(of option: String, _ rest: inout ArraySlice<String>) throws(QueryRefusal) -> String {
    guard let value = rest.popFirst() else { throw refusal(option, "needs a value") }
    guard !value.hasPrefix("-") || value == "-" || Self.isNumber(value.dropFirst()) else {
      let attached = option + (option.hasPrefix("--") ? "=" : "") + value
      throw refusal(option, "has the value `\(value)`, which looks like an option: attach it, `\(attached)`")
    }
    return value
  }

  private mutating func note(_ option: String, value: String) {
    switch (command.name, option) {
    case ("grep", "-e"), ("grep", "--regexp"), ("rg", "-e"), ("rg", "--regexp"): hasPattern = true
    // `recurse`, however it is shortened.
    case ("grep", "-d"), ("grep", "--directories"): if !["read", "skip"].contains(value) { isRecursive = true }
    case ("head", "-c"), ("head", "--bytes"): byteBounds.append(value.first?.isNumber == true)
    case ("head", "-n"), ("head", "--lines"): byteBounds.append(false)
    default: break
    }
  }

  private mutating func noteFlag(_ option: String) {
    switch (command.name, option) {
    case ("grep", "-r"), ("grep", "--recursive"): isRecursive = true
    case ("grep", "-R"), ("grep", "--dereference-recursive"):
      isRecursive = true
      // Where it follows links, GNU grep opens the devices and FIFOs that it meets; with -r it does not (grep(1), -D).
      added = ["-D", "skip"]
    default: break
    }
  }

  private static func isNumber(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  private func unknown(_ option: String) -> QueryRefusal {
    let full = (Array(command.longFlags) + command.longValued + command.longOptional + command.refused.keys)
      .filter { option.hasPrefix("--") && $0.hasPrefix(option) }.sorted()
    if !full.isEmpty {
      return refusal(option, "is shortened: write it out (\(full.joined(separator: ", ")))")
    }
    return refusal(option, "is not among the options that only read: leave it out, or read the file by the tool `read`")
  }

  private func refusal(_ option: String, _ reason: String) -> QueryRefusal {
    QueryRefusal("`\(command.name)`: `\(option)` \(reason)")
  }
}
