/// When ejection is ignored: with more than half of a host's agents ejected, the judgement is likelier to be wrong than
/// the agents. Stateless.
///
/// Draining agents are neither counted nor brought back.
package enum Panic {
  /// - Parameter agents: those of the host that are not draining.
  package static func isOn(ejected: Int, agents: Int) -> Bool { ejected * 2 > agents }
}
