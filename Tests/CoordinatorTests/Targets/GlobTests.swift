import Testing

@testable import Coordinator

@Suite struct GlobTests {
  @Test(arguments: [
    ("web1", "web1", true), ("web1", "web12", false), ("web*", "web", true), ("web*", "web12", true),
    ("web*", "xweb", false),
    ("*", "", true), ("*", "any.name", true), ("*1", "db11", true), ("w*b*1", "web-b-1", true),
    ("w*b*1", "web-2", false),
    ("db?", "db1", true), ("db?", "db", false), ("db?", "db12", false), ("db?", "dbé", true),
    ("db[1-3]", "db2", true), ("db[1-3]", "db4", false), ("db[!1-3]", "db4", true), ("db[^1-3]", "db3", false),
    ("db[]x]", "db]", true), ("db[1-]", "db-", true), ("db[13a-c]", "dbb", true),
    ("{web,db}1", "db1", true), ("{web,db}1", "mail1", false), ("{a,b}{1,2}", "b2", true), ("{a{1,2},b}", "a2", true),
    ("{a{1,2},b}", "b", true), ("{a{1,2},b}", "a", false), ("{web*,db[1-2]}", "db2", true), ("{,x}y", "y", true),
    ("a,b", "a,b", true), ("w\\*", "w*", true), ("w\\*", "web", false), ("Web*", "web1", false),
  ])
  func matches(_ pattern: String, _ name: String, _ expected: Bool) throws {
    #expect(try Glob(pattern).matches(name) == expected)
  }

  @Test(arguments: ["db[1-3", "db[", "{a,b", "a}", "web\\", "db[3-1]", String(repeating: "a", count: 2000)])
  func refuses(_ pattern: String) {
    #expect(throws: TargetError.self) { try Glob(pattern) }
  }

  @Test func boundsAlternatives() {
    let many = String(repeating: "{a,b}", count: 20)
    #expect { try Glob(many) } throws: { ($0 as? TargetError)?.message.contains("256 alternatives") == true }
  }

  @Test func manyStarsDoNotExplode() throws {
    let pattern = try Glob(String(repeating: "*a", count: 200))
    #expect(!pattern.matches(String(repeating: "a", count: 199) + String(repeating: "b", count: 5000)))
  }
}
