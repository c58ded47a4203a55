import CSSH2
import Glibc

/// The process-wide parts of libssh2. Sendable: set up once, never torn down (`libssh2_exit` would pull the crypto
/// library from under other sessions).
package enum Library {
  /// For example 1.10.0.
  package static let version: String = unsafe libssh2_version(0).map { unsafe String(cString: $0) } ?? "unknown"

  /// rsa-sha2 signatures for user keys came with 1.11; servers of today refuse the older ssh-rsa ones.
  package static let signsWithRSA: Bool = unsafe libssh2_version(0x01_0b00) != nil

  /// libssh2_init: 0, or a negative LIBSSH2_ERROR_*.
  static let initialized: CInt = libssh2_init(0)

  /// A descriptor for libssh2 to ask whether it blocks (fcntl(2)); it is never read or written. Negative when the
  /// process had none left.
  static let placeholder: CInt = unsafe open("/dev/null", O_RDWR | O_NONBLOCK | O_CLOEXEC)
}
