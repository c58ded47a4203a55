import Telemetry
import Testing

@Suite struct MetricsTests {
  @Test func countersAreWrittenWithHelpTypeAndSortedLabels() {
    let registry = MetricsRegistry()
    let calls = registry.counter("scout_calls_total", help: "Calls.", labels: ["tool", "outcome"])
    calls["read", "ok"].increment(by: 3)
    calls["list", "error"].increment()
    #expect(
      registry.prometheusText() == """
        # HELP scout_calls_total Calls.
        # TYPE scout_calls_total counter
        scout_calls_total{tool="list",outcome="error"} 1
        scout_calls_total{tool="read",outcome="ok"} 3

        """)
  }

  @Test func askingTwiceAnswersTheSameFamily() {
    let registry = MetricsRegistry()
    registry.counter("a_total", help: "A.")[].increment()
    registry.counter("a_total", help: "A.")[].increment()
    #expect(registry.counter("a_total", help: "A.")[].value == 2)
    #expect(registry.prometheusText().hasSuffix("a_total 2\n"))
  }

  @Test func labelValuesAndHelpAreEscaped() {
    let registry = MetricsRegistry()
    registry.counter("a_total", help: "back\\slash\nline \"quote\"", labels: ["x"])["a\"b\\c\nd"].increment()
    let text = registry.prometheusText()
    #expect(text.contains(#"# HELP a_total back\\slash\nline "quote""#))
    #expect(text.contains(#"a_total{x="a\"b\\c\nd"} 1"#))
  }

  @Test func cardinalityIsBounded() {
    let registry = MetricsRegistry()
    let family = registry.counter("a_total", help: "A.", labels: ["host"], limit: 10)
    for number in 0..<100 { family["h\(number)"].increment() }
    let lines = registry.prometheusText().split(separator: "\n").filter { $0.hasPrefix("a_total{") }
    #expect(lines.count == 11)
    #expect(lines.contains(#"a_total{host="other"} 90"#))
  }

  @Test func histogramBucketsAreCumulative() {
    let registry = MetricsRegistry()
    let family = registry.histogram("t_seconds", help: "T.", labels: ["tool"], bounds: [0.25, 1])
    family["read"].observe(.milliseconds(250))
    family["read"].observe(.milliseconds(500))
    family["read"].observe(.seconds(2))
    #expect(
      registry.prometheusText() == """
        # HELP t_seconds T.
        # TYPE t_seconds histogram
        t_seconds_bucket{tool="read",le="0.25"} 1
        t_seconds_bucket{tool="read",le="1"} 2
        t_seconds_bucket{tool="read",le="+Inf"} 3
        t_seconds_sum{tool="read"} 2.75
        t_seconds_count{tool="read"} 3

        """)
  }

  @Test func summariesHaveQuantilesSumAndCount() {
    let registry = MetricsRegistry()
    registry.summaries("wait_seconds", help: "Waits.", labels: ["pool"]) {
      [
        SummarySample(["a"], quantiles: [(0.5, 0.25), (0.99, 2)], sum: 2.5, count: 4),
        SummarySample(["b"], quantiles: [], sum: 0, count: 0),
      ]
    }
    #expect(
      registry.prometheusText() == """
        # HELP wait_seconds Waits.
        # TYPE wait_seconds summary
        wait_seconds{pool="a",quantile="0.5"} 0.25
        wait_seconds{pool="a",quantile="0.99"} 2
        wait_seconds_sum{pool="a"} 2.5
        wait_seconds_count{pool="a"} 4
        wait_seconds_sum{pool="b"} 0
        wait_seconds_count{pool="b"} 0

        """)
  }

  @Test func gaugesAreReadAtEachScrape() {
    let registry = MetricsRegistry()
    let level = LevelGauge()
    registry.gauge("open", help: "Open.") { Double(level.value) }
    registry.gauges("by_host", help: "By host.", labels: ["host"]) {
      [MetricSample(["b"], 0.5), MetricSample(["a"], .nan)]
    }
    level.add(2)
    #expect(registry.prometheusText().contains("\nopen 2\n"))
    level.add(-1)
    let text = registry.prometheusText()
    #expect(text.contains("\nopen 1\n"))
    #expect(text.contains("by_host{host=\"b\"} 0.5\nby_host{host=\"a\"} NaN\n"))
  }

  @Test func recordingFromManyTasksLosesNothing() async {
    let registry = MetricsRegistry()
    let calls = registry.counter("a_total", help: "A.", labels: ["t"])
    let times = registry.histogram("t_seconds", help: "T.")
    await withDiscardingTaskGroup { group in
      for task in 0..<8 {
        group.addTask {
          for _ in 0..<1000 {
            calls["\(task % 2)"].increment()
            times[].observe(seconds: 0.002)
          }
        }
      }
    }
    #expect(calls["0"].value + calls["1"].value == 8000)
    #expect(registry.prometheusText().contains("t_seconds_count 8000\n"))
  }
}
