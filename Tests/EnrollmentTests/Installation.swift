import Foundation
import SystemPackage
import Testing

@testable import Enrollment

/// An authority in a folder of its own, with the exchange that answers for it, at an instant of the tests' own.
struct Installation {
  /// A second, so that rounding shows where it should not be.
  static let start = Date(timeIntervalSince1970: 1_800_000_000)

  let scratch: Scratch
  let authority: Authority
  let exchange: EnrollmentExchange

  init(now: Date = start, trustDomain: TrustDomain = .standard) throws {
    scratch = try Scratch()
    authority = try Authority.create(at: scratch.path.appending("pki"), trustDomain: trustDomain, now: now)
    exchange = try EnrollmentExchange(authority)
  }

  /// The same folder as another process sees it that starts now.
  func reopened() throws -> EnrollmentExchange {
    try EnrollmentExchange(Authority.open(at: authority.path))
  }

  static func agent(_ name: String = "web1", segment: String = "dc1") throws -> LinkIdentity {
    try .agent(segment: segment, name: name, in: .standard)
  }

  static func coordinator() throws -> LinkIdentity {
    try .coordinator(name: "main", in: .standard)
  }

  /// Joins by `token` with a new key.
  func join(
    _ token: JoinToken, claim: TokenClaim = TokenClaim(.agent), now: Date = start
  ) throws -> EnrollmentOutcome {
    exchange.join(JoinRequest(secret: token.secret, claim: claim, request: try KeyAndRequest().request), now: now)
  }
}

extension EnrollmentOutcome {
  /// Why it was refused; nil where it was not.
  var refusal: EnrollmentError.Code? {
    if case .failure(let error) = result { return error.code }
    return nil
  }

  func fact(_ name: String) -> String? {
    facts.first { $0.name == name }?.value
  }
}

/// The code that `body` throws; nil where it throws nothing, or another error.
func refusal(_ body: () throws -> Void) -> EnrollmentError.Code? {
  do {
    try body()
    return nil
  } catch {
    return (error as? EnrollmentError)?.code
  }
}

/// A seeded generator, so that a failure can be run again. A value.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}
