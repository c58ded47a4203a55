/// One summary of a callback's answer: label values in the family's order, and what is known of the observations. A value.
package struct SummarySample: Sendable {
  package let values: [String]
  /// Shares from 0 to 1 with the figure that they lie below; none where nothing was observed.
  package let quantiles: [(share: Double, value: Double)]
  package let sum: Double
  package let count: UInt64

  package init(_ values: [String], quantiles: [(share: Double, value: Double)], sum: Double, count: UInt64) {
    self.values = values
    self.quantiles = quantiles
    self.sum = sum
    self.count = count
  }
}

/// Summaries that are read at each scrape. Sendable: holds nothing but the callback.
final class SummaryFamily: MetricFamily {
  let description: MetricDescription
  private let limit: Int
  private let read: @Sendable () -> [SummarySample]

  init(_ description: MetricDescription, limit: Int, read: @escaping @Sendable () -> [SummarySample]) {
    self.description = description
    self.limit = limit
    self.read = read
  }

  func write(to text: inout PrometheusText) {
    text.family(description, .summary)
    for sample in read().prefix(limit) { text.summary(description.name, description.labels, sample) }
  }
}
