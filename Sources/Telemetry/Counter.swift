import Synchronization

/// A number that only grows. Sendable: one atomic, so that a hot path can hold it and add to it freely.
package final class Counter: Sendable {
  private let count = Atomic<UInt64>(0)

  init() {}

  package func increment(by amount: UInt64 = 1) {
    count.wrappingAdd(amount, ordering: .relaxed)
  }

  package var value: UInt64 { count.load(ordering: .relaxed) }
}

/// Counters with one name, told apart by label values. Sendable: state behind a lock.
package final class CounterFamily: MetricFamily {
  let description: MetricDescription
  private let cells: LabelledCells<Counter>

  init(_ description: MetricDescription, limit: Int) {
    self.description = description
    cells = LabelledCells(labels: description.labels.count, limit: limit) { Counter() }
  }

  /// The counter for these label values, in the order of the family's labels. Keep it where the values are constant.
  package subscript(values: String...) -> Counter { cells[values] }

  func write(to text: inout PrometheusText) {
    text.family(description, .counter)
    for (values, counter) in cells.sorted {
      text.sample(description.name, description.labels, values, Double(counter.value))
    }
  }
}

/// A number that goes up and down: work in flight, open sessions. Sendable: one atomic.
package final class LevelGauge: Sendable {
  private let level = Atomic<Int>(0)

  package init() {}

  /// Adds `amount` and answers the new level.
  @discardableResult
  package func add(_ amount: Int) -> Int { level.wrappingAdd(amount, ordering: .relaxed).newValue }

  package var value: Int { level.load(ordering: .relaxed) }
}
