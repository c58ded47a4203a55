/// When fewer than half of a host's agents are usable and some are ejected, ejection is ignored: an ejected agent may still answer, a
/// missing one cannot. Stateless.
///
/// Draining agents are neither counted nor brought back.
package enum Panic {
  /// - Parameter agents: those of the host that are not draining.
  package static func isOn(usable: Int, ejected: Int, agents: Int) -> Bool { ejected > 0 && usable * 2 < agents }
}
