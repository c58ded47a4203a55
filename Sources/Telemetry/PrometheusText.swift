/// A writer of Prometheus' text exposition format 0.0.4. A value.
///
/// Source: prometheus.io, "Exposition formats", text-based format.
struct PrometheusText {
  enum Kind: String, Sendable { case counter, gauge, histogram, summary }

  private(set) var output = ""

  mutating func family(_ description: MetricDescription, _ kind: Kind) {
    output += "# HELP \(description.name) \(Self.escape(description.help, quotes: false))\n"
    output += "# TYPE \(description.name) \(kind.rawValue)\n"
  }

  mutating func sample(_ name: String, _ labels: [String], _ values: [String], _ value: Double) {
    line(name, Array(zip(labels, values)), Self.number(value))
  }

  /// Cumulative buckets with `le`, then the sum and the count.
  mutating func histogram(
    _ name: String, _ labels: [String], _ values: [String], bounds: [Double], _ figures: Histogram.Figures
  ) {
    let pairs = Array(zip(labels, values))
    var count: UInt64 = 0
    for (index, inBucket) in figures.buckets.enumerated() {
      count += inBucket
      let bound = index < bounds.count ? Self.number(bounds[index]) : "+Inf"
      line(name + "_bucket", pairs + [("le", bound)], String(count))
    }
    line(name + "_sum", pairs, Self.number(figures.sum))
    line(name + "_count", pairs, String(count))
  }

  /// The quantiles, then the sum and the count.
  mutating func summary(_ name: String, _ labels: [String], _ sample: SummarySample) {
    let pairs = Array(zip(labels, sample.values))
    for (share, value) in sample.quantiles {
      line(name, pairs + [("quantile", Self.number(share))], Self.number(value))
    }
    line(name + "_sum", pairs, Self.number(sample.sum))
    line(name + "_count", pairs, String(sample.count))
  }

  private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
    output += name
    if !labels.isEmpty {
      output += "{"
      output += labels.map { "\($0)=\"\(Self.escape($1, quotes: true))\"" }.joined(separator: ",")
      output += "}"
    }
    output += " \(value)\n"
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return String(value)
  }

  /// Backslash and line feed are escaped everywhere, the double quote in label values only.
  static func escape(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
