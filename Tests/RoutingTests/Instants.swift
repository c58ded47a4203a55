import Routing

/// An instant of the virtual clock: milliseconds since the test began.
func at(_ milliseconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(milliseconds * 1e6)) }

extension Double {
  /// Equal within a part in 10^`digits`.
  func isNear(_ other: Double, _ tolerance: Double = 1e-6) -> Bool {
    abs(self - other) <= tolerance * max(1, abs(other))
  }
}

/// Evaluates before the macro looks: what it looks at must not change by that.
func value<Value>(_ value: Value) -> Value { value }
