/// When ejection is ignored: with less than half of a host's agents usable, be the others ejected, silent or without a link, a
/// judgement of failures is a luxury: an ejected agent may answer, nobody surely does not. Stateless.
///
/// Draining agents are neither counted nor brought back.
package enum Panic {
  /// - Parameter agents: those of the host that are not draining.
  package static func isOn(usable: Int, ejected: Int, agents: Int) -> Bool { ejected > 0 && usable * 2 < agents }
}
