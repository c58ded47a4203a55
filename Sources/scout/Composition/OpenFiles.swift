import Glibc

/// How many descriptors the process may have open. A namespace.
enum OpenFiles {
  /// Takes all that the system lets it have (getrlimit(2), RLIMIT_NOFILE): connections of thousands of clients and hosts need more than
  /// the 1,024 that a login usually gets. What cannot be had is not missed before it is needed.
  static func takeAll() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
      return
    }
    limit.rlim_cur = min(limit.rlim_max, 1_048_576)
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
