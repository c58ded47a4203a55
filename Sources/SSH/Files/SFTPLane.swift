package import NIOCore

/// One SFTP channel of a connection. Sendable: a handle to state confined to the connection's event loop.
///
/// A lane is leased to one request at a time. After an error of scope `lane` or `connection`, and after a cancelled or
/// timed out operation, the lane has closed itself (`isUsable` is false) and must not be returned to a pool.
package final class SFTPLane: Sendable {
  package let eventLoop: any EventLoop
  private let driver: NIOLoopBound<LaneDriver>
  private let usable: Flag
  private let host: String

  /// Most bytes that `readFile` reads at once.
  package static let readLimit = 16 << 20

  /// On the event loop.
  init(_ driver: LaneDriver, eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    self.driver = NIOLoopBound(driver, eventLoop: eventLoop)
    usable = driver.usable
    host = driver.host
  }

  deinit {
    guard usable.isSet else { return }
    let driver = self.driver
    eventLoop.execute { driver.value.close() }
  }

  /// Whether another operation may be tried.
  package var isUsable: Bool { usable.isSet }

  /// - Throws: `notFound`, `permissionDenied`, `timeout`, `cancelled`, `connectionLost`, ...
  package func stat(_ path: RemotePath, followLinks: Bool = true, deadline: ContinuousClock.Instant)
    async throws(SSHError) -> FileAttributes
  {
    try await operation(path, deadline) { lane, completion in
      lane.send(followLinks ? .stat(path) : .lstat(path)) { answer in
        completion.complete(answer, lane, path) { if case .attributes(let found) = $0 { found } else { nil } }
      }
    }
  }

  /// What a symbolic link says.
  package func readLink(_ path: RemotePath, deadline: ContinuousClock.Instant) async throws(SSHError) -> [UInt8] {
    try await firstName(.readLink(path), path, deadline)
  }

  /// The absolute path without links and dots.
  package func realPath(_ path: RemotePath, deadline: ContinuousClock.Instant) async throws(SSHError) -> [UInt8] {
    try await firstName(.realPath(path), path, deadline)
  }

  private func firstName(
    _ request: SFTPRequest, _ path: RemotePath, _ deadline: ContinuousClock.Instant
  ) async throws(SSHError) -> [UInt8] {
    try await operation(path, deadline) { lane, completion in
      lane.send(request) { answer in
        completion.complete(answer, lane, path) { if case .names(let names) = $0 { names.first?.name } else { nil } }
      }
    }
  }

  /// Attributes, open, read and close in two round trips, or one where the server's handles can be told beforehand
  /// (`HandlePrediction`): for what fits in memory.
  /// - Parameter limit: bytes at most, 0...`SFTPLane.readLimit`.
  /// - Throws: `notFound`, `permissionDenied`, `notAFile`, `invalidArgument`, `timeout`, `cancelled`, `connectionLost`.
  package func readFile(
    _ path: RemotePath, offset: UInt64 = 0, limit: Int, deadline: ContinuousClock.Instant
  ) async throws(SSHError) -> FileSlice {
    guard (0...Self.readLimit).contains(limit) else {
      throw SSHError(.invalidArgument, "the limit is 0...\(Self.readLimit) bytes, not \(limit)")
    }
    return try await operation(path, deadline) { lane, completion in
      let file = OpenFile(path, offset: offset, limit: UInt64(limit), on: lane)
      file.open(readsEarly: true) { result in
        switch result {
        case .failure(let error): completion.fail(error)
        case .success(let attributes):
          file.readAll { result in
            completion.complete(
              result.map { bytes in
                let position = offset &+ UInt64(bytes.readableBytes)
                // Files of /proc and the like say 0 and hold more: only a short answer tells their end.
                let size = attributes.size.flatMap { $0 > 0 ? $0 : nil }
                let reachedEnd = bytes.readableBytes < limit || position >= (size ?? .max)
                return FileSlice(attributes: attributes, bytes: bytes, reachedEnd: reachedEnd)
              })
          }
        }
      }
    }
  }

  /// Opens a regular file to be read as a stream, read ahead by at most `FileDownload.window` bytes. The stream is the
  /// file as long as it was at the opening.
  /// - Parameter limit: bytes at most, nil to the end.
  /// - Throws: as `readFile`.
  package func openFile(
    _ path: RemotePath, offset: UInt64 = 0, limit: UInt64? = nil, deadline: ContinuousClock.Instant
  ) async throws(SSHError) -> FileReader {
    try await operation(path, deadline) { [eventLoop] lane, completion in
      let file = OpenFile(path, offset: offset, limit: limit, on: lane)
      file.open(readsEarly: false) { result in
        completion.complete(
          result.map {
            FileReader(attributes: $0, file: NIOLoopBound(file, eventLoop: eventLoop), eventLoop: eventLoop)
          })
      }
    }
  }

  /// Opens a directory to be listed in batches.
  /// - Throws: `notADirectory` and as `stat`.
  package func openDirectory(_ path: RemotePath, deadline: ContinuousClock.Instant) async throws(SSHError)
    -> DirectoryReader
  {
    try await operation(path, deadline) { [eventLoop] lane, completion in
      let directory = OpenDirectory(path, on: lane)
      directory.open { result in
        completion.complete(
          result.map { DirectoryReader(directory: NIOLoopBound(directory, eventLoop: eventLoop), eventLoop: eventLoop) }
        )
      }
    }
  }

  /// Closes the channel. The lane is unusable at once.
  package func close() {
    usable.clear()
    let driver = self.driver
    eventLoop.execute { driver.value.close() }
  }

  private func operation<Value: Sendable>(
    _ path: RemotePath, _ deadline: ContinuousClock.Instant,
    _ start: @escaping @Sendable (LaneDriver, Completion<Value>) -> Void
  ) async throws(SSHError) -> Value {
    let driver = self.driver
    let expired = SSHError.operationExpired(host: host, path: path)
    return try await Completion<Value>.value(on: eventLoop, deadline: deadline, expired: expired) { completion in
      let lane = driver.value
      completion.onAbort {
        lane.abandon(
          SSHError(.connectionLost, "\(lane.host): an operation was given up", phase: .operation, scope: .lane))
      }
      start(lane, completion)
    }
  }
}

/// What `readFile` found. A value.
package struct FileSlice: Sendable {
  package var attributes: FileAttributes
  package var bytes: ByteBuffer
  /// The slice goes to the file's end.
  package var reachedEnd: Bool
}

extension SSHError {
  static func operationExpired(host: String, path: RemotePath) -> @Sendable () -> SSHError {
    let started = ContinuousClock.now
    return {
      let elapsed = ContinuousClock.now - started
      let message =
        elapsed < .milliseconds(50)
        ? "the time of the call was over when \(path) was asked for; allow more time, or ask for less at a time"
        : "no answer about \(path) within \(elapsed.formattedSeconds): the host or its disk is slow; try it alone, or allow more time"
      return SSHError(.timeout, "\(host): \(message)", phase: .operation, scope: .lane, elapsed: elapsed)
    }
  }
}

extension Completion {
  /// The part of an answer that was asked for, or the server's refusal.
  fileprivate func complete(
    _ answer: LaneDriver.Answer, _ lane: LaneDriver, _ path: RemotePath, _ part: (SFTPReply) -> Value?
  ) {
    switch answer {
    case .failure(let error): fail(error)
    case .success(.status(let status)): fail(SSHError(status, host: lane.host, path: path))
    case .success(let reply):
      guard let value = part(reply) else {
        let error = SSHError(SFTPViolation.malformed, host: lane.host)
        lane.abandon(error)
        return fail(error)
      }
      succeed(value)
    }
  }
}
