@testable import Coordinator
import Testing

/// The doors' rules without a door.
@Suite struct AdmissionRulesTests {
  @Test func aBucketFillsEvenly() {
    let start = ContinuousClock.now
    var bucket = TokenBucket(burst: 2, now: start)
    #expect(bucket.take(perMinute: 60, burst: 2, now: start) == nil)
    #expect(bucket.take(perMinute: 60, burst: 2, now: start) == nil)
    #expect(bucket.take(perMinute: 60, burst: 2, now: start) == .seconds(1))
    #expect(bucket.take(perMinute: 60, burst: 2, now: start + .milliseconds(500)) == .milliseconds(500))
    #expect(bucket.take(perMinute: 60, burst: 2, now: start + .seconds(1)) == nil)
    #expect(bucket.take(perMinute: 60, burst: 2, now: start + .seconds(60)) == nil)
    #expect(bucket.take(perMinute: 60, burst: 2, now: start + .seconds(60)) == nil)
    #expect(bucket.take(perMinute: 60, burst: 2, now: start + .seconds(60)) != nil)
  }

  @Test func callersHaveBucketsOfTheirOwnAndAreForgotten() {
    let limiter = RateLimiter(perMinute: 6, burst: 1)
    let start = ContinuousClock.now
    #expect(limiter.admit("a", now: start) == nil)
    #expect(limiter.admit("a", now: start) != nil)
    for caller in 0..<(RateLimiter.callersRemembered * 2) { #expect(limiter.admit("\(caller)", now: start) == nil) }
    #expect(RateLimiter(perMinute: 0, burst: 0).admit("a", now: start) == nil)
  }

  @Test func theOtherCallsOfABatchAreWaitedForAfterwards() {
    let limiter = RateLimiter(perMinute: 60, burst: 2)
    let start = ContinuousClock.now
    #expect(limiter.admit("a", now: start) == nil)
    limiter.charge("a", 9)
    #expect(limiter.admit("a", now: start) == .seconds(9))
    #expect(limiter.admit("b", now: start) == nil)
    #expect(limiter.admit("a", now: start + .seconds(9)) == nil)
    // One call is one request, and nobody who is unknown is charged.
    limiter.charge("a", 0)
    limiter.charge("c", 5)
    #expect(limiter.admit("c", now: start) == nil)
  }

  @Test func linesAreCutWhereverTheChunksEnd() {
    let text = Array("one\n\ntwo\r\nthree too long for the limit\nfour".utf8)
    for size in 1...text.count {
      var splitter = LineSplitter(limit: 10)
      var lines: [LineSplitter.Line] = []
      for start in stride(from: 0, to: text.count, by: size) {
        lines += splitter.split(Array(text[start..<min(start + size, text.count)]))
      }
      if let last = splitter.finish() { lines.append(last) }
      #expect(
        lines == [
          .whole(Array("one".utf8)), .whole([]), .whole(Array("two\r".utf8)), .tooLong, .whole(Array("four".utf8)),
        ])
    }
  }

  @Test func keysAreReadAsTheyAreListed() throws {
    let keys = try APIKey.list("ops:s3cret, plain-key,,host:with:colons")
    #expect(keys.map(\.principal).first == "ops")
    #expect(keys[1].principal.hasPrefix("key-"))
    #expect(keys[1].principal.count == 12)
    #expect(keys[2].principal == "host")
    #expect(throws: FrontDoorSettingsError.self) { try APIKey.list("good,bad key") }
    for misspelt in ["o/ps:key", "\u{f6}ps:key", ":key", "label:"] {
      #expect(throws: FrontDoorSettingsError.self) { try APIKey.list(misspelt) }
    }
    #expect(!"\(keys)".contains("s3cret"))
  }

  @Test func anOpenBindIsRefused() throws {
    var settings = FrontDoorSettings()
    try settings.validate()
    settings.host = "0.0.0.0"
    #expect(throws: FrontDoorSettingsError.self) { try settings.validate() }
    settings.apiKeys = try APIKey.list("k")
    #expect(throws: FrontDoorSettingsError.self) { try settings.validate() }
    settings.tls = .init(certificate: "c", key: "k")
    try settings.validate()
    settings.authEnabled = false
    #expect(throws: FrontDoorSettingsError.self) { try settings.validate() }
    settings.behindProxy = true
    try settings.validate()
  }

  @Test(arguments: ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
  func loopbackNeedsNothing(host: String) throws {
    var settings = FrontDoorSettings()
    settings.host = host
    try settings.validate()
  }

  @Test(arguments: ["0.0.0.0", "::", "192.0.2.1", "127.0.0.1.example.org", "example.org"])
  func elsewhereDoes(host: String) {
    var settings = FrontDoorSettings()
    settings.host = host
    let error = #expect(throws: FrontDoorSettingsError.self) { try settings.validate() }
    #expect(error?.message.contains(host) == true)
    #expect(error?.message.contains("\n") == false)
  }

  @Test func authenticationWithoutKeysIsRefused() {
    var settings = FrontDoorSettings()
    settings.authEnabled = true
    #expect(throws: FrontDoorSettingsError.self) { try settings.validate() }
  }
}
