/// What stands beside the options of a command. A value.
struct QueryOperands {
  private let command: QueryCommand
  private let operands: [String]
  private let hasPattern: Bool
  private let hasByteBound: Bool
  private let isRecursive: Bool

  init(_ command: QueryCommand, _ operands: [String], hasPattern: Bool, hasByteBound: Bool, isRecursive: Bool) {
    self.command = command
    self.operands = operands
    self.hasPattern = hasPattern
    self.hasByteBound = hasByteBound
    self.isRecursive = isRecursive
  }

  func check() throws(QueryRefusal) {
    if case .bsdLetters = command.grammar {
      try checkLetters()
      return
    }
    switch command.operands {
    case .names, .words: break
    case .none:
      if let operand = operands.first { throw refusal(operand, "is an argument, and it takes none") }
    case .format:
      guard operands.count <= 1, operands.allSatisfy({ $0.hasPrefix("+") }) else {
        throw refusal(operands.joined(separator: " "), "would set the clock: only one +FORMAT may be given")
      }
    case .atMost(let limit):
      guard operands.count <= limit else {
        throw refusal(operands[limit], "would be written to: give one file, the output comes with the answer")
      }
      try checkContents(operands[...])
    case .contents: try checkContents(operands[...])
    case .patternThenContents: try checkContents(hasPattern ? operands[...] : operands.dropFirst())
    }
  }

  private func checkContents(_ files: ArraySlice<String>) throws(QueryRefusal) {
    for file in files {
      // `tail +5f` follows; `sort +1` and `uniq +1` are older spellings of options.
      if ["tail", "sort", "uniq"].contains(command.name), file.hasPrefix("+") {
        throw refusal(file, "is an old spelling of an option: write -n, -k or -s")
      }
      guard !EndlessFile.leadsAnywhere(file) else {
        throw refusal(
          file, "may lead anywhere, also to devices, where something in it is a link: write it without `..`")
      }
      if isRecursive, EndlessFile.areBelow(file) {
        throw refusal(file, "has files below it that act when they are read, or have no end: name the folders you mean")
      }
      guard EndlessFile.isEndless(file) else { continue }
      guard EndlessFile.isHarmless(file) else {
        throw refusal(file, "may have no end, and to open it may change something: query reads files")
      }
      guard hasByteBound else { throw refusal(file, "has no end: bound it with `head -c BYTES`") }
    }
  }

  /// `ps aux`: letters that choose and lay out.
  private func checkLetters() throws(QueryRefusal) {
    for operand in operands {
      guard operand.utf8.allSatisfy({ "aTrxfhjlsuvwSc".utf8.contains($0) }) else {
        throw refusal(
          operand, "is not among the options that only read: write for example `ps aux` or `ps -eo pid,args`")
      }
    }
  }

  private func refusal(_ operand: String, _ reason: String) -> QueryRefusal {
    QueryRefusal("`\(command.name)`: `\(operand)` \(reason)")
  }
}
