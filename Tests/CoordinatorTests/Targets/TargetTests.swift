import Testing

@testable import Coordinator

@Suite struct TargetTests {
  @Test(arguments: [
    ("web1:/etc/hosts", "web1", "/etc/hosts"),
    ("web1:~/notes", "web1", "~/notes"),
    ("web1:~", "web1", "~"),
    ("dc1/web1:/a", "dc1/web1", "/a"),
    ("*:/etc/hosts", "*", "/etc/hosts"),
    ("@role=web,env=prod:/path", "@role=web,env=prod", "/path"),
    ("web1:/a:b/c", "web1", "/a:b/c"),
    ("web1:/with space/and 'quotes' \"too\"", "web1", "/with space/and 'quotes' \"too\""),
    ("web1:/line\nbreak", "web1", "/line\nbreak"),
    ("web1:/-rf", "web1", "/-rf"),
    ("web1:/..data/x", "web1", "/..data/x"),
    ("web1:/{not,a}*[glob]", "web1", "/{not,a}*[glob]"),
    ("web1:/\u{301}accent", "web1", "/\u{301}accent"),
  ])
  func splitsAtTheFirstColon(_ text: String, _ hosts: String, _ path: String) throws {
    let target = try Target.withPath(text)
    #expect(target.hosts.text == hosts)
    #expect(target.path?.text.utf8.elementsEqual(path.utf8) == true)
    #expect(target.description == text)
  }

  @Test(arguments: [
    ("web1", "Expected 'host:/path'"), ("/etc/hosts", "Expected 'host:/path'"), (":/etc/hosts", "Host cannot be empty"),
    ("web1:", "Path cannot be empty"), ("web1:etc/hosts", "write /etc/hosts or ~/etc/hosts"),
    ("web1:~root/x", "another account's home"), ("web1:/a\0b", "Path contains null byte: /a\\x00b"),
    ("-oProxyCommand=x:/a", "begins with '-'"), ("dc1/-x:/a", "begins with '-'"), ("we\nb:/a", "control character"),
    ("/web1:/a", "Segment cannot be empty"), ("dc1/:/a", "every host of the segment"),
    ("@:/a", "Label cannot be empty"), ("@role=web,:/a", "Label cannot be empty"), ("db[1:/a", "']'"),
  ])
  func saysWhatToWrite(_ text: String, _ words: String) {
    #expect { try Target.withPath(text) } throws: { ($0 as? TargetError)?.message.contains(words) == true }
  }

  @Test func boundsLengths() {
    #expect(throws: TargetError("Host name too long: 300 chars")) {
      try Target.withPath(String(repeating: "h", count: 300) + ":/a")
    }
    #expect(throws: TargetError.self) { try Target.withPath("h:/" + String(repeating: "a", count: 4095)) }
    #expect(throws: Never.self) { try Target.withPath("h:/" + String(repeating: "a", count: 4094)) }
  }

  @Test func commandsTakeHostsOnly() throws {
    #expect(try Target.hostOnly("web*").hosts.text == "web*")
    #expect(try Target.hostOnly("web1:").hosts.text == "web1")
    #expect { try Target.hostOnly("web1:/etc") } throws: {
      ($0 as? TargetError)?.message.contains("where only hosts are named") == true
    }
  }

  /// A relative path's refusal says what to write.
  @Test(arguments: [
    ("notes", "write /notes or ~/notes"), ("./notes", "write /notes or ~/notes"), (".", "write / or ~/"),
    ("../x", "write /../x or ~/../x"),
  ])
  func relativePathsAreRefused(_ path: String, _ remedy: String) {
    #expect { try RemotePath(path) } throws: { ($0 as? TargetError)?.message.hasSuffix(remedy) == true }
  }

  @Test func pathsAreEqualByBytes() throws {
    let composed = try RemotePath("/caf\u{E9}")
    let decomposed = try RemotePath("/cafe\u{301}")
    #expect(composed.text == decomposed.text)
    #expect(composed != decomposed)
  }

  @Test func labelsReadAsConditions() throws {
    let selector = try HostSelector("@role={web,db},env=pr*,spare")
    guard case .labels(let matches) = selector.subject else {
      Issue.record("not labels")
      return
    }
    #expect(matches.map(\.key) == ["role", "env", "spare"])
    let labels = ["role": "db", "env": "prod", "spare": ""]
    #expect(matches.allSatisfy { $0.matches(labels) })
    #expect(!matches.allSatisfy { $0.matches(["role": "db", "env": "prod"]) })
    #expect(!matches.allSatisfy { $0.matches(["role": "mail", "env": "prod", "spare": "1"]) })
  }

  /// Whatever is put together from a host part without a colon and an absolute path comes apart the same.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func comesApartAsPutTogether(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let hostScalars = Array("abz09-_.*?".unicodeScalars)
    let pathScalars = Array("ab/: -~'\"\\$`*{}[]@=,\n\t\u{1B}é€😀\u{301}".unicodeScalars)
    for _ in 0..<2000 {
      var host = String.UnicodeScalarView(["h"])
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        host.append(hostScalars.randomElement(using: &random) ?? "a")
      }
      var path = String.UnicodeScalarView(["/"])
      for _ in 0..<Int.random(in: 0...30, using: &random) {
        path.append(pathScalars.randomElement(using: &random) ?? "a")
      }
      let text = String(host) + ":" + String(path)
      let target = try Target.withPath(text)
      #expect(target.hosts.text == String(host))
      #expect(target.path?.text.utf8.elementsEqual(String(path).utf8) == true)
    }
  }

  /// No text makes the parser trap.
  @Test func survivesAnything() {
    var random = SeededGenerator(seed: 77)
    let scalars = Array("a:/@{},[]!^-\\*?=~\0\n\u{301}é".unicodeScalars)
    for _ in 0..<20_000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...14, using: &random) { text.append(scalars.randomElement(using: &random) ?? "a") }
      guard let target = try? Target.withPath(String(text)) else { continue }
      _ = Roster(reports: []).select(target.hosts)
    }
  }
}
