import Testing

@testable import Agent

@Suite struct HostFilterTests {
  private func filter(allow: [String] = [], block: [String] = [], labels: [LabelRule] = []) -> HostFilter {
    var settings = AgentSettings(name: "a", segment: "s")
    settings.allowlist = allow
    settings.blocklist = block
    settings.labels = labels
    return HostFilter(settings)
  }

  @Test func withoutListsEveryHostIsServed() {
    #expect(filter().admits("anything"))
  }

  @Test func theBlocklistWinsOverTheAllowlist() {
    let filter = filter(allow: ["web*", "db1"], block: ["web9"])
    #expect(filter.admits("web1") && filter.admits("db1"))
    #expect(!filter.admits("db2") && !filter.admits("web9"))
  }

  @Test func rulesAddLabelsAndWinOverTags() {
    let filter = filter(labels: [
      LabelRule(pattern: "web*", labels: ["role": "web", "env": "prod"]),
      LabelRule(pattern: "web1", labels: ["env": "test"]),
    ])
    #expect(
      filter.labels(of: "web1", tags: ["env=old", "rack=7", "blue"]) == [
        "role": "web", "env": "test", "rack": "7", "tag": "blue",
      ])
    #expect(filter.labels(of: "db1", tags: []).isEmpty)
  }
}
