import CSSH2
import Glibc

/// Where a thread goes when libssh2 asserts something that a peer decided: back into the guarded call (see shim.h).
/// Belongs to one session.
@safe
struct AssertionGuard {
  /// Names a thread's guarded call. Nil when the process could not set the guard up.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return unsafe scout_guard_install(&key) == 0 ? key : nil
  }()

  let pointer: UnsafeMutableRawPointer

  /// Nil without memory or a thread key.
  init?() {
    guard let key = Self.key, let pointer = unsafe scout_guard_new(key) else { return nil }
    unsafe self.pointer = unsafe pointer
  }
}
