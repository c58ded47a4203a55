import Synchronization

/// All metrics of one process. Sendable: state behind a lock.
///
/// A family is made once, at start, by whoever owns the fact; asking again for the same name and kind answers the same
/// family. Recording never touches this lock, only the family's own. `prometheusText()` renders everything (`GET /metrics`).
package final class MetricsRegistry: Sendable {
  private let families = Mutex<[String: any MetricFamily]>([:])

  package init() {}

  /// A family of counters named `name`, told apart by the values of `labels`.
  ///
  /// - Parameter limit: the most label combinations kept; what comes after is counted under the value `other`.
  package func counter(_ name: String, help: String, labels: [String] = [], limit: Int = 256) -> CounterFamily {
    register(name) { CounterFamily(MetricDescription(name: name, help: help, labels: labels), limit: limit) }
  }

  /// A family of histograms of durations in seconds.
  ///
  /// - Parameter bounds: upper bounds of the buckets in seconds, ascending, without infinity.
  package func histogram(
    _ name: String, help: String, labels: [String] = [], bounds: [Double] = HistogramFamily.defaultBounds,
    limit: Int = 256
  ) -> HistogramFamily {
    register(name) {
      HistogramFamily(MetricDescription(name: name, help: help, labels: labels), bounds: bounds, limit: limit)
    }
  }

  /// A gauge whose value is asked for at each scrape. `read` must be quick and must not call back into the registry.
  package func gauge(_ name: String, help: String, _ read: @escaping @Sendable () -> Double) {
    gauges(name, help: help, labels: []) { [MetricSample([], read())] }
  }

  /// A family of gauges whose samples are all asked for at each scrape (a pool's figures by host, say).
  ///
  /// - Parameter limit: the most samples written; the rest are left out.
  package func gauges(
    _ name: String, help: String, labels: [String], limit: Int = 1024,
    _ read: @escaping @Sendable () -> [MetricSample]
  ) {
    let description = MetricDescription(name: name, help: help, labels: labels)
    register(name) { CallbackFamily(description, kind: .gauge, limit: limit, read: read) }
  }

  /// A family of counters that somebody else counts (an agent's pool, say), asked for at each scrape.
  package func counters(
    _ name: String, help: String, labels: [String], limit: Int = 1024,
    _ read: @escaping @Sendable () -> [MetricSample]
  ) {
    let description = MetricDescription(name: name, help: help, labels: labels)
    register(name) { CallbackFamily(description, kind: .counter, limit: limit, read: read) }
  }

  /// A family of summaries that somebody else keeps, asked for at each scrape; durations in seconds.
  package func summaries(
    _ name: String, help: String, labels: [String], limit: Int = 1024,
    _ read: @escaping @Sendable () -> [SummarySample]
  ) {
    let description = MetricDescription(name: name, help: help, labels: labels)
    register(name) { SummaryFamily(description, limit: limit, read: read) }
  }

  /// Everything in Prometheus' text format 0.0.4, families and samples in a stable order.
  package func prometheusText() -> String {
    let all = families.withLock { $0.values.sorted { $0.description.name < $1.description.name } }
    var text = PrometheusText()
    for family in all { family.write(to: &text) }
    return text.output
  }

  @discardableResult
  private func register<Family: MetricFamily>(_ name: String, _ make: () -> Family) -> Family {
    families.withLock { families in
      if let known = families[name] as? Family { return known }
      let family = make()
      families[name] = family
      return family
    }
  }
}
