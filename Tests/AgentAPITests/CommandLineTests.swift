import AgentAPI
import Testing

@Suite struct CommandLineTests {
  @Test(arguments: [
    ("ls -la /etc", ["ls", "-la", "/etc"]), ("  ls\t-l  ", ["ls", "-l"]), ("", []), ("   ", []),
    ("grep 'two words' f", ["grep", "two words", "f"]), ("grep \"two words\" f", ["grep", "two words", "f"]),
    ("a'b'\"c\"d", ["abcd"]), ("echo '' x \"\"", ["echo", "", "x", ""]), ("grep a\\ b f", ["grep", "a b", "f"]),
    ("grep 'a|b;c&d<e>f`g`$(h)' f", ["grep", "a|b;c&d<e>f`g`$(h)", "f"]),
    ("grep \"a|b;(c)\" f", ["grep", "a|b;(c)", "f"]),
    ("grep a\\|b f", ["grep", "a|b", "f"]), ("grep 'x$' f", ["grep", "x$", "f"]), ("grep x$ f", ["grep", "x$", "f"]),
    ("grep \"x$\" f", ["grep", "x$", "f"]), ("find . -name *.conf", ["find", ".", "-name", "*.conf"]),
    ("cat ~/x", ["cat", "~/x"]), ("grep \"a\\\"b\\\\c\\$d\\n\" f", ["grep", "a\"b\\c$d\\n", "f"]),
    ("grep 'a\nb' f", ["grep", "a\nb", "f"]), ("grep é€😀 f", ["grep", "é€😀", "f"]), ("grep # f", ["grep", "#", "f"]),
    ("find . -size +1M !", ["find", ".", "-size", "+1M", "!"]), ("x '\\'", ["x", "\\"]), ("x=1 y", ["x=1", "y"]),
  ])
  func splits(_ line: String, _ words: [String]) throws {
    #expect(try CommandLine.split(line) == words)
  }

  @Test(arguments: [
    ("cat a | wc", "'|'", 6), ("cat a; rm b", "';'", 5), ("cat a && b", "'&'", 6), ("cat a > b", "'>'", 6),
    ("cat < a", "'<'", 4),
    ("cat `x`", "'`'", 4), ("cat $(x)", "'$'", 4), ("cat $HOME", "'$'", 4), ("cat ${x}", "'$'", 4),
    ("cat \"$(x)\"", "'$'", 5),
    ("cat \"`x`\"", "'`'", 5), ("cat 'a", "single quote", 4), ("cat \"a", "double quote", 4),
    ("cat a\\", "backslash", 5),
    ("cat a\nrm b", "one line", 5), ("(cat a)", "'('", 0), ("cat $1", "'$'", 4), ("cat $?", "'$'", 4),
    ("a\0b", "null byte", 1),
  ])
  func refusesWhatOnlyAShellCouldDo(_ line: String, _ words: String, _ offset: Int) {
    #expect {
      try CommandLine.split(line)
    } throws: { error in
      guard let error = error as? CommandLine.SplitError else { return false }
      return error.message.contains(words) && error.offset == offset
    }
  }

  @Test func boundsTheLine() {
    #expect(throws: CommandLine.SplitError.self) { try CommandLine.split(String(repeating: "a", count: 65_537)) }
  }

  /// Words quoted as a careful client would come back as they were.
  @Test func quotedWordsComeBack() throws {
    var state: UInt64 = 11
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let scalars = Array("ab '\"\\$`;|&<>()*?~\n\té".unicodeScalars)
    for _ in 0..<3000 {
      let words = (0...next(4)).map { _ in
        var word = String.UnicodeScalarView()
        for _ in 0..<next(8) { word.append(scalars[next(scalars.count)]) }
        return String(word)
      }
      let line = words.map {
        "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
      }
      #expect(try CommandLine.split(line.joined(separator: " ")) == words)
    }
  }
}
