import Testing

@testable import Telemetry

struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_417_452, "2026-11-23T07:04:12Z"),
      (-1, "1969-12-31T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"), (.max, "9999-12-31T23:59:59Z"),
      (.min, "0000-01-01T00:00:00Z"),
    ] as [(Int, String)])
  func wholeSeconds(_ seconds: Int, _ text: String) {
    #expect(Timestamp(seconds: seconds).wholeSeconds == text)
  }

  @Test func logsHaveMilliseconds() {
    #expect(Timestamp(seconds: 1_795_417_452, milliseconds: 7).description == "2026-11-23T07:04:12.007Z")
    #expect(Timestamp(seconds: 1_795_417_452, milliseconds: 999).description == "2026-11-23T07:04:12.999Z")
  }

  /// The example of RFC 9110 section 5.6.7.
  @Test func httpHasDatesOfItsOwn() {
    #expect(Timestamp(seconds: 784_111_777).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
  }
}
