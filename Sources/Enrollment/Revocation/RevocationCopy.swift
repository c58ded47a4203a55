package import FoundationEssentials
import Synchronization
package import SystemPackage

/// Who is thrown out, as far as it is known where the authority's folder is not: the newest signed list that came, kept beside the own
/// certificate. Sendable: state behind a lock. The others than `isRevoked` and `digest` block.
package final class RevocationCopy: Sendable {
  static let fileName = "revocations.signed"

  private struct State {
    var list = RevocationList()
    /// Empty where no list has come yet.
    var digest: [UInt8] = []
    /// Seconds since 1970.
    var made = Int64.min
    var signer: AuthorityCertificate?
  }

  private let path: FilePath
  private let trusted: TrustedAuthorities
  private let state: Mutex<State>

  /// - Parameters:
  ///   - path: The folder of the own certificate. A file there that is not of a trusted authority, or that cannot be read, counts as
  ///     none: the list is asked for anew.
  ///   - trusted: may become others.
  package init(_ path: FilePath, trusted: TrustedAuthorities) {
    self.path = path
    self.trusted = trusted
    state = Mutex((try? Self.stored(path, trusted.all)) ?? State())
  }

  /// Two look-ups, for each handshake.
  package func isRevoked(_ leaf: LeafCertificate) -> Bool { state.withLock { $0.list.covers(leaf) } }

  /// Of the list that is known. Empty, too, where its authority was retired: it is in force, but whoever starts next could not check it,
  /// so that it has to be asked for anew.
  package var digest: [UInt8] {
    let all = trusted.all
    return state.withLock { state in state.signer.map(all.contains) == true ? state.digest : [] }
  }

  /// Puts a newer list in force, then in the file.
  ///
  /// - Returns: Whether it says something else than the one before.
  /// - Throws: `notOurs`, `badAnswer`, also where the list is older than the one that is known; `storage` where it is in force and could
  ///   not be kept.
  @discardableResult
  package func take(_ signed: SignedRevocations, now: Date) throws(EnrollmentError) -> Bool {
    let (made, list, signer) = try signed.read(by: trusted.all)
    let digest = try list.digest()
    let isOther = state.withLock { state -> Bool? in
      // One that comes from the future was made by a clock that was wrong: it must not keep the next ones out.
      guard made >= state.made || Double(state.made) > now.timeIntervalSince1970 + Self.skew else { return nil }
      defer { state = State(list: list, digest: digest, made: made, signer: signer) }
      return state.list != list
    }
    guard let isOther else {
      throw EnrollmentError(
        .badAnswer, "The revocations are older than those that are known: who answers holds back newer ones")
    }
    let bytes = Array((Hex.text(signed.signature) + "\n").utf8) + signed.text
    try PrivateFolder(creating: path).replace(Self.fileName, bytes)
    return isOther
  }

  /// Seconds that two clocks may differ.
  private static let skew = 300.0

  private static func stored(_ path: FilePath, _ trusted: [AuthorityCertificate]) throws(EnrollmentError) -> State? {
    guard let bytes = try PrivateFolder(existing: path).read(fileName),
      let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
    else { return nil }
    let digits = String(decoding: bytes[..<end], as: UTF8.self)
    guard let signature = Hex.bytes(digits, count: end / 2) else { return nil }
    let signed = SignedRevocations(text: Array(bytes[(end + 1)...]), signature: signature)
    let (made, list, signer) = try signed.read(by: trusted)
    return State(list: list, digest: try list.digest(), made: made, signer: signer)
  }
}
