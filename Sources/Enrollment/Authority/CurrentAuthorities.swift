import Synchronization

/// A folder's authorities as they are now, in a process that lives on while others rotate them. Sendable: state behind a lock. Blocks,
/// but for the properties.
final class CurrentAuthorities: Sendable {
  private struct State {
    var now: Authorities
    var announced: Authorities
    var versions: [FileVersion?]
    var changes = 0
  }

  private let folder: PrivateFolder
  /// Held from the look at the files until what they said is in force: an older reading never replaces a later one.
  private let reading = Mutex(())
  private let state: Mutex<State>

  /// - Throws: As `Authorities.open`.
  init(_ folder: PrivateFolder) throws(EnrollmentError) {
    self.folder = folder
    let versions = Authorities.versions(folder)
    let now = try Authorities.open(folder)
    state = Mutex(State(now: now, announced: now, versions: versions))
  }

  /// As they were read last: by these is signed.
  var value: Authorities { state.withLock { $0.now } }

  /// Those that others are told to trust, and that are trusted here. Lags behind `value`, until this side shows a certificate that the
  /// others will trust.
  var announced: Authorities { state.withLock { $0.announced } }

  /// How often they have become others.
  var changes: Int { state.withLock { $0.changes } }

  func announce() { state.withLock { $0.announced = $0.now } }

  /// - Throws: As `Authorities.open`; what was known stays.
  func reloadIfChanged() throws(EnrollmentError) {
    try reading.withLock { _ throws(EnrollmentError) in
      let versions = Authorities.versions(folder)
      guard versions != state.withLock({ $0.versions }) else { return }
      let now = try Authorities.open(folder)
      state.withLock { state in
        if state.now.pins != now.pins { state.changes += 1 }
        state.now = now
        state.versions = versions
      }
    }
  }
}
