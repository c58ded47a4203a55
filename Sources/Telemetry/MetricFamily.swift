import Synchronization

/// What every metric of a family shares. A value.
package struct MetricDescription: Sendable, Hashable {
  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; counters end in `_total`, durations in `_seconds`.
  package let name: String
  package let help: String
  package let labels: [String]
}

/// One line of a callback's answer: label values in the family's order, and the figure. A value.
package struct MetricSample: Sendable, Hashable {
  package let values: [String]
  package let value: Double

  package init(_ values: [String], _ value: Double) {
    self.values = values
    self.value = value
  }
}

/// Metrics with one name that differ in their label values.
protocol MetricFamily: Sendable {
  var description: MetricDescription { get }
  func write(to text: inout PrometheusText)
}

/// Samples that are read at each scrape. Sendable: holds nothing but the callback.
final class CallbackFamily: MetricFamily {
  let description: MetricDescription
  private let kind: PrometheusText.Kind
  private let limit: Int
  private let read: @Sendable () -> [MetricSample]

  init(
    _ description: MetricDescription, kind: PrometheusText.Kind, limit: Int,
    read: @escaping @Sendable () -> [MetricSample]
  ) {
    self.description = description
    self.kind = kind
    self.limit = limit
    self.read = read
  }

  func write(to text: inout PrometheusText) {
    text.family(description, kind)
    for sample in read().prefix(limit) {
      text.sample(description.name, description.labels, sample.values, sample.value)
    }
  }
}

/// The cells of a family by label values, never more than `limit`. Sendable: state behind a lock.
///
/// Label values can come from outside (a tool's name, a host's), so their number is bounded: what exceeds `limit` shares
/// one cell whose values are all `other`.
final class LabelledCells<Cell: Sendable>: Sendable {
  private let cells = Mutex<[[String]: Cell]>([:])
  private let labels: Int
  private let limit: Int
  private let make: @Sendable () -> Cell

  init(labels: Int, limit: Int, make: @escaping @Sendable () -> Cell) {
    self.labels = labels
    self.limit = limit
    self.make = make
  }

  /// The cell for `values`; too few or too many values count as `other`.
  subscript(values: [String]) -> Cell {
    cells.withLock { cells in
      if let cell = cells[values] { return cell }
      let other = [String](repeating: "other", count: labels)
      let key = values.count == labels && cells.count < limit ? values : other
      if let cell = cells[key] { return cell }
      let cell = make()
      cells[key] = cell
      return cell
    }
  }

  /// All cells, ordered by their label values.
  var sorted: [(values: [String], cell: Cell)] {
    cells.withLock { cells in cells.map { (values: $0.key, cell: $0.value) } }
      .sorted { $0.values.lexicographicallyPrecedes($1.values) }
  }
}
