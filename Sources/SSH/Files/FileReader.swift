package import NIOCore

/// An open file, read in order. Sendable: a handle to state confined to the lane's event loop.
///
/// One `next` at a time. Give it back with `close`, or close the lane.
package struct FileReader: Sendable {
  package let attributes: FileAttributes
  let file: NIOLoopBound<OpenFile>
  let eventLoop: any EventLoop

  /// The next bytes (at least one, at most 1 MiB), or nil at the end of the file or of the limit.
  /// - Throws: as `SFTPLane.readFile`; after `timeout` and `cancelled` the lane is closed.
  package func next(deadline: ContinuousClock.Instant) async throws(SSHError) -> ByteBuffer? {
    let file = self.file
    return try await Completion<ByteBuffer?>.value(
      on: eventLoop, deadline: deadline, expired: SSHError.streamExpired("file")
    ) { file.value.next($0) }
  }

  /// Does not wait for the answer. The lane stays usable.
  package func close() {
    let file = self.file
    eventLoop.execute { file.value.close() }
  }
}

/// An open directory, read in the host's order. Sendable: a handle to state confined to the lane's event loop.
///
/// One `next` at a time. Give it back with `close`, or close the lane.
package struct DirectoryReader: Sendable {
  let directory: NIOLoopBound<OpenDirectory>
  let eventLoop: any EventLoop

  /// The next entries (at least one, as many as the host sent in one answer), or nil at the end.
  /// - Throws: as `SFTPLane.openDirectory`; after `timeout` and `cancelled` the lane is closed.
  package func next(deadline: ContinuousClock.Instant) async throws(SSHError) -> [DirectoryEntry]? {
    let directory = self.directory
    return try await Completion<[DirectoryEntry]?>.value(
      on: eventLoop, deadline: deadline, expired: SSHError.streamExpired("directory")
    ) { directory.value.next($0) }
  }

  /// Does not wait for the answer. The lane stays usable.
  package func close() {
    let directory = self.directory
    eventLoop.execute { directory.value.close() }
  }
}

extension SSHError {
  fileprivate static func streamExpired(_ what: String) -> @Sendable () -> SSHError {
    let started = ContinuousClock.now
    return {
      let elapsed = ContinuousClock.now - started
      return SSHError(
        .timeout,
        "the host sent no more of the \(what) within \(elapsed.formattedSeconds): it or its disk is slow; "
          + "ask for less at a time, or allow more time",
        phase: .operation, scope: .lane, elapsed: elapsed)
    }
  }
}
