import CSSH2
import Glibc
import Synchronization

/// The process-wide parts of libssh2. Sendable: set up once, never torn down (`libssh2_exit` would pull the crypto
/// library from under other sessions).
package enum Library {
  /// For example 1.10.0.
  package static let version: String = unsafe libssh2_version(0).map { unsafe String(cString: $0) } ?? "unknown"

  /// rsa-sha2 signatures for user keys came with 1.11; servers of today refuse the older ssh-rsa ones.
  package static let signsWithRSA: Bool = unsafe libssh2_version(0x01_0b00) != nil

  /// libssh2_init: 0, or a negative LIBSSH2_ERROR_*.
  static let initialized: CInt = {
    keepCryptoUntilTheEnd()
    return libssh2_init(0)
  }()

  /// libcrypto tears itself down in exit(3), under the event loops that still close connections then. Tells it not to
  /// (OPENSSL_init_crypto(3), OPENSSL_INIT_NO_ATEXIT); the first call to libcrypto decides. Does nothing where libssh2
  /// stands on another library.
  private static func keepCryptoUntilTheEnd() {
    guard let symbol = unsafe dlsym(nil, "OPENSSL_init_crypto") else { return }
    typealias Initialize = @convention(c) (UInt64, UnsafeRawPointer?) -> CInt
    // 1, or 0 on errors.
    unsafe _ = unsafeBitCast(symbol, to: Initialize.self)(0x0008_0000, nil)
  }

  /// A descriptor for libssh2 to ask whether it blocks (fcntl(2)); it is never read or written. Negative while the process
  /// has none left.
  static var placeholder: CInt {
    let opened = sharedPlaceholder.load(ordering: .acquiring)
    guard opened < 0 else { return opened }
    let fresh = unsafe open("/dev/null", O_RDWR | O_NONBLOCK | O_CLOEXEC)
    let (isFirst, current) = sharedPlaceholder.compareExchange(
      expected: -1, desired: fresh, ordering: .acquiringAndReleasing)
    guard !isFirst else { return fresh }
    if fresh >= 0 { close(fresh) }
    return current
  }

  private static let sharedPlaceholder = Atomic<CInt>(-1)
}
