import FoundationEssentials

extension TokenStore {
  /// Looks a token up and spends nothing: whether it would let `claim` in now.
  ///
  /// - Throws: `tokenUnknown`, `tokenUsed`, `tokenExpired`, `tokenForAnother`, `storage`.
  func find(_ secret: [UInt8], _ claim: TokenClaim, now: Date) throws(EnrollmentError) -> TokenRecord {
    guard let hash = TokenSecret(secret)?.hash else {
      throw EnrollmentError(.tokenUnknown, "A token's secret has \(TokenSecret.count) bytes, not \(secret.count)")
    }
    guard let record = try record(hash) else { throw Self.unknown(hash) }
    guard !isUsed(hash) else { throw Self.used(hash) }
    guard record.expires > now else { throw EnrollmentError(.tokenExpired, "The token \(record.id) has expired") }
    guard claim.fits(record.identity) else {
      let claimed = [claim.role.rawValue, claim.segment ?? "*", claim.name ?? "*"].joined(separator: "/")
      throw EnrollmentError(
        .tokenForAnother, "The token \(record.id) is for \(record.identity), not for '\(NameRule.shown(claimed))'")
    }
    return record
  }

  /// Spends a token, for good: after this returned, no process signs for it again, whatever happens to the machine.
  ///
  /// - Throws: `tokenUsed` when another was first, `tokenUnknown` when it was withdrawn meanwhile; `storage`, after which the
  ///   token may be spent.
  func burn(_ record: TokenRecord) throws(EnrollmentError) {
    do {
      try folder.create(record.hash + Self.usedSuffix, [])
    } catch {
      throw error.code == .alreadyExists ? Self.used(record.hash) : error
    }
    // A sweep removes the record, then the mark of somebody else: this mark would then be the second.
    guard folder.exists(record.hash + Self.tokenSuffix) else { throw Self.unknown(record.hash) }
  }

  private static func unknown(_ hash: String) -> EnrollmentError {
    EnrollmentError(.tokenUnknown, "There is no token \(hash.prefix(12)) here (any more)")
  }

  private static func used(_ hash: String) -> EnrollmentError {
    EnrollmentError(.tokenUsed, "The token \(hash.prefix(12)) has been used")
  }
}
