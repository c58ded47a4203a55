package import FoundationEssentials

/// When a certificate is to be renewed: at 0.7 to 0.9 of its life, evenly spread, so that machines that joined together do not
/// renew together. A value; reads no clock.
package struct RenewalSchedule: Sendable, Hashable {
  package enum Action: Sendable, Hashable {
    /// Ask again then, at the latest; a clock that was set is noticed by then.
    case wait(until: Date)
    /// Ask for a certificate now, then say what became of it.
    case renew
    /// Nothing but a new token helps.
    case expired
  }

  /// The shares of the life between which the renewal falls.
  static let shares = 0.7...0.9
  /// Seconds between two looks at the clock.
  static let longestWait = 600.0
  /// Seconds before the second attempt, and between attempts in the end; they double in between.
  static let firstPause = 1.0
  static let longestPause = 60.0

  package private(set) var expires: Date
  /// When the next attempt is due.
  package private(set) var due: Date
  private var failures = 0

  package init(_ leaf: LeafCertificate, random: inout some RandomNumberGenerator) {
    self.init(issued: leaf.issued, expires: leaf.notAfter, random: &random)
  }

  package init(issued: Date, expires: Date, random: inout some RandomNumberGenerator) {
    self.expires = expires
    let life = max(0, expires.timeIntervalSince(issued))
    due = issued.addingTimeInterval(life * Double.random(in: Self.shares, using: &random))
  }

  package func action(now: Date) -> Action {
    if now >= expires { return .expired }
    if now >= due { return .renew }
    return .wait(until: min(due, now.addingTimeInterval(Self.longestWait)))
  }

  /// The certificate in use is now `leaf`.
  package mutating func renewed(_ leaf: LeafCertificate, random: inout some RandomNumberGenerator) {
    self = RenewalSchedule(leaf, random: &random)
  }

  /// The attempt failed, or was refused. The next is due after 1 s, doubled by each failure up to 60 s, the half of it chance.
  package mutating func renewalFailed(now: Date, random: inout some RandomNumberGenerator) {
    let pause = min(Self.longestPause, Self.firstPause * Double(1 << min(failures, 6)))
    failures += 1
    due = now.addingTimeInterval(pause * Double.random(in: 0.5...1, using: &random))
  }
}
