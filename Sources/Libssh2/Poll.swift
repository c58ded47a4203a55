/// The answer of an operation that may need more bytes from the peer first. A value.
package enum Poll<Value: ~Copyable>: ~Copyable {
  case ready(Value)
  /// Call again, with the same arguments, once bytes have arrived.
  case again
}

extension Poll: Copyable where Value: Copyable {}
extension Poll: Sendable where Value: Sendable & ~Copyable {}
