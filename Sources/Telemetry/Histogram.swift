import Synchronization

/// How often a duration fell into each of a few fixed buckets. Sendable: state behind a lock held for some nanoseconds.
package final class Histogram: Sendable {
  struct Figures: Sendable {
    /// One count per bound and a last one for what exceeds them all; not cumulative.
    var buckets: [UInt64]
    var sum: Double
  }

  private let bounds: [Double]
  private let state: Mutex<Figures>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(Figures(buckets: [UInt64](repeating: 0, count: bounds.count + 1), sum: 0))
  }

  package func observe(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    observe(seconds: Double(seconds) + Double(attoseconds) * 1e-18)
  }

  package func observe(seconds: Double) {
    let index = bounds.firstIndex { seconds <= $0 } ?? bounds.count
    state.withLock { state in
      state.buckets[index] += 1
      state.sum += seconds
    }
  }

  var figures: Figures { state.withLock { $0 } }
}

/// Histograms with one name, told apart by label values. Sendable: state behind a lock.
package final class HistogramFamily: MetricFamily {
  /// From 0.5 ms, a warm read beside its host, to 50 s, the longest synchronous call.
  package static let defaultBounds: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 50,
  ]

  let description: MetricDescription
  private let bounds: [Double]
  private let cells: LabelledCells<Histogram>

  init(_ description: MetricDescription, bounds: [Double], limit: Int) {
    self.description = description
    self.bounds = bounds
    cells = LabelledCells(labels: description.labels.count, limit: limit) { Histogram(bounds: bounds) }
  }

  /// The histogram for these label values, in the order of the family's labels.
  package subscript(values: String...) -> Histogram { cells[values] }

  func write(to text: inout PrometheusText) {
    text.family(description, .histogram)
    for (values, histogram) in cells.sorted {
      text.histogram(description.name, description.labels, values, bounds: bounds, histogram.figures)
    }
  }
}
