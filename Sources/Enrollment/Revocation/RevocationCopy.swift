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
  }

  private let path: FilePath
  private let authority: AuthorityCertificate
  private let state: Mutex<State>

  /// - Parameter path: The folder of the own certificate. A file there that is not this authority's, or that cannot be read, counts as
  ///   none: the list is asked for anew.
  package init(_ path: FilePath, authority: AuthorityCertificate) {
    self.path = path
    self.authority = authority
    state = Mutex((try? Self.stored(path, authority)) ?? State())
  }

  /// Two look-ups, for each handshake.
  package func isRevoked(_ leaf: LeafCertificate) -> Bool { state.withLock { $0.list.covers(leaf) } }

  /// Of the list that is known.
  package var digest: [UInt8] { state.withLock { $0.digest } }

  /// Puts a newer list in force, then in the file.
  ///
  /// - Returns: Whether it says something else than the one before.
  /// - Throws: `notOurs`, `badAnswer`, also where the list is older than the one that is known; `storage` where it is in force and could
  ///   not be kept.
  @discardableResult
  package func take(_ signed: SignedRevocations, now: Date) throws(EnrollmentError) -> Bool {
    let (made, list) = try signed.read(by: authority)
    let digest = try list.digest()
    let isOther = state.withLock { state -> Bool? in
      // One that comes from the future was made by a clock that was wrong: it must not keep the next ones out.
      guard made >= state.made || Double(state.made) > now.timeIntervalSince1970 + Self.skew else { return nil }
      defer { state = State(list: list, digest: digest, made: made) }
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

  private static func stored(_ path: FilePath, _ authority: AuthorityCertificate) throws(EnrollmentError) -> State? {
    guard let bytes = try PrivateFolder(existing: path).read(fileName),
      let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
    else { return nil }
    let digits = String(decoding: bytes[..<end], as: UTF8.self)
    guard let signature = Hex.bytes(digits, count: end / 2) else { return nil }
    let signed = SignedRevocations(text: Array(bytes[(end + 1)...]), signature: signature)
    let (made, list) = try signed.read(by: authority)
    return State(list: list, digest: try list.digest(), made: made)
  }
}
