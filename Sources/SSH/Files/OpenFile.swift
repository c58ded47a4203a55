import NIOCore

/// One file open on a lane, read ahead in order. Confined to its event loop.
final class OpenFile {
  private let lane: LaneDriver
  private let path: RemotePath
  private let offset: UInt64
  private let limit: UInt64?

  /// A read that was made before the handle was known.
  private struct EarlyRead {
    let handle: SFTPHandle
    let count: UInt32
    var answer: LaneDriver.Answer?
    /// What its answer is for, once that is known; nil: nobody waits for it.
    var piece: FileDownload.Piece?
  }

  private var attributes: Result<FileAttributes, SSHError>?
  private var opened: Result<SFTPHandle, SSHError>?
  private var whenOpen: ((Result<FileAttributes, SSHError>) -> Void)?

  private var handle: SFTPHandle?
  private var early: EarlyRead?
  private var download: FileDownload?
  private var failure: SSHError?
  private var reader: Completion<ByteBuffer?>?

  init(_ path: RemotePath, offset: UInt64, limit: UInt64?, on lane: LaneDriver) {
    self.lane = lane
    self.path = path
    self.offset = offset
    self.limit = limit
  }

  /// Asks for the attributes and the handle together: one round trip, and a named pipe, whose opening would never be
  /// answered, is found out by its attributes. What may be a device is opened once it is known to be none. Reading ahead begins
  /// at once.
  ///
  /// - Parameter readsEarly: the file is read to the limit, most likely: where the handle can be told beforehand, the first piece is asked
  ///   for in the same round trip.
  func open(readsEarly: Bool, _ whenOpen: @escaping (Result<FileAttributes, SSHError>) -> Void) {
    self.whenOpen = whenOpen
    lane.send(.stat(path)) { [self] answer in
      attributes = answer.flatMap { reply in
        switch reply {
        case .attributes(let attributes): .success(attributes)
        case .status(let status): .failure(SSHError(status, host: lane.host, path: path))
        default: .failure(SSHError(SFTPViolation.malformed, host: lane.host))
        }
      }
      if case .success(let found) = attributes, found.kind == .fifo {
        // Before the answer, so that nobody who has it sees a lane that seems to work.
        lane.abandon(SSHError(.notAFile, "\(lane.host): \(path) is a named pipe", scope: .lane))
        return finishOpening(.failure(.notAFile(.fifo, host: lane.host, path: path)))
      }
      if path.mayBeDevice { openIfFile() }
      openingAdvanced()
    }
    guard !path.mayBeDevice else { return }
    let handle = readsEarly ? lane.predictHandle() : nil
    askForHandle()
    if let handle { readEarly(handle) }
  }

  private func readEarly(_ handle: SFTPHandle) {
    let count = UInt32(min(limit ?? .max, UInt64(FileDownload.pieceSize)))
    guard count > 0 else { return }
    early = EarlyRead(handle: handle, count: count)
    lane.readEarly(handle, offset: offset, count: count) { [self] answer in
      // The server may carry out requests about other files in another order: what it read before it opened this one is not of it.
      guard opened != nil else { return early = nil }
      early?.answer = answer
      arrivedEarly()
    }
  }

  /// The first piece is what was asked for early, if that was read from this very file.
  private func useEarly(_ handle: SFTPHandle) {
    guard early?.handle == handle, let piece = download?.nextPiece() else { return early = nil }
    early?.piece = piece
    arrivedEarly()
  }

  /// What may be a device may never answer the read, and nobody is to wait behind it.
  private func abandonEarly() {
    guard let early, early.answer == nil else { return }
    lane.abandon(SSHError(.notAFile, "\(lane.host): \(path) is no file", scope: .lane))
  }

  private func arrivedEarly() {
    guard let early, let piece = early.piece, var answer = early.answer else { return }
    self.early = nil
    if case .success(.status(let status)) = answer, status.number != SFTPStatus.endOfFile {
      // It says nothing of the file, which may have been opened later; asked for now, it does.
      return lane.send(.read(early.handle, offset: piece.offset, count: piece.count)) { [self] in arrived($0, piece) }
    }
    // It was asked for more than the file had when its attributes were read; what it has grown by since is not part of that.
    if case .success(.data(let bytes)) = answer, bytes.readableBytes <= Int(early.count),
      let part = bytes.getSlice(at: bytes.readerIndex, length: Int(piece.count))
    {
      answer = .success(.data(part))
    }
    arrived(answer, piece)
  }

  private func openIfFile() {
    switch attributes {
    case .success(let found) where found.kind != .file && found.kind != .unknown:
      finishOpening(.failure(.notAFile(found.kind, host: lane.host, path: path)))
    case .failure(let error): finishOpening(.failure(error))
    case .success, nil: askForHandle()
    }
  }

  private func askForHandle() {
    lane.send(.open(path)) { [self] answer in
      opened = answer.flatMap { reply in
        switch reply {
        case .handle(let handle): .success(handle)
        case .status(let status): .failure(SSHError(status, host: lane.host, path: path))
        default: .failure(SSHError(SFTPViolation.malformed, host: lane.host))
        }
      }
      openingAdvanced()
    }
  }

  private func openingAdvanced() {
    guard whenOpen != nil, let attributes, let opened else { return }
    switch (attributes, opened) {
    case (.success(let found), .success(let handle)):
      self.handle = handle
      guard found.kind == .file || found.kind == .unknown else {
        close()
        if found.kind != .directory { abandonEarly() }
        return finishOpening(.failure(.notAFile(found.kind, host: lane.host, path: path)))
      }
      download = FileDownload(size: found.size, offset: offset, limit: limit)
      useEarly(handle)
      askForMore()
      finishOpening(.success(found))
    case (.success(let found), .failure(let error)):
      let isFile = found.kind == .file || found.kind == .unknown
      finishOpening(.failure(isFile ? error : .notAFile(found.kind, host: lane.host, path: path)))
    case (.failure(let error), .success(let handle)):
      self.handle = handle
      close()
      abandonEarly()
      finishOpening(.failure(error))
    case (.failure(let error), .failure):
      finishOpening(.failure(error))
    }
  }

  private func finishOpening(_ result: Result<FileAttributes, SSHError>) {
    let whenOpen = self.whenOpen
    self.whenOpen = nil
    whenOpen?(result)
  }

  // MARK: Reading

  /// One at a time.
  func next(_ completion: Completion<ByteBuffer?>) {
    guard reader == nil else {
      return completion.fail(SSHError(.invalidArgument, "the file is being read already", phase: .operation))
    }
    reader = completion
    completion.onAbort { [self] in
      reader = nil
      lane.abandon(SSHError(.connectionLost, "\(lane.host): a read was given up", phase: .operation, scope: .lane))
    }
    deliver()
  }

  /// Reads to the end into one buffer, then calls back: bytes, and whether the file ends there.
  func readAll(_ done: @escaping (Result<ByteBuffer, SSHError>) -> Void) {
    whole = ByteBuffer()
    whenWhole = done
    deliver()
  }

  private var whole: ByteBuffer?
  private var whenWhole: ((Result<ByteBuffer, SSHError>) -> Void)?

  private func askForMore() {
    guard let handle else { return }
    while let piece = download?.nextPiece() {
      lane.send(.read(handle, offset: piece.offset, count: piece.count)) { [self] answer in arrived(answer, piece) }
    }
  }

  private func arrived(_ answer: LaneDriver.Answer, _ piece: FileDownload.Piece) {
    switch answer {
    case .success(.data(let bytes)):
      if download?.received(bytes, for: piece) == false { giveUp() }
    case .success(.status(let status)) where status.number == SFTPStatus.endOfFile:
      download?.ended(at: piece)
    case .success(.status(let status)):
      failure = failure ?? SSHError(status, host: lane.host, path: path)
    case .success:
      giveUp()
    case .failure(let error):
      failure = failure ?? error
    }
    deliver()
  }

  /// An answer that no honest server gives.
  private func giveUp() {
    let error = SSHError(SFTPViolation.malformed, host: lane.host)
    failure = failure ?? error
    lane.abandon(error)
  }

  private func deliver() {
    if let whenWhole, whole != nil {
      while let bytes = download?.take() { whole?.append(bytes) }
      if let failure {
        self.whenWhole = nil
        whole = nil
        close()
        whenWhole(.failure(failure))
      } else if download?.isFinished != false {
        self.whenWhole = nil
        let bytes = whole ?? ByteBuffer()
        whole = nil
        close()
        whenWhole(.success(bytes))
      }
    } else if let reader {
      if let bytes = download?.take() {
        self.reader = nil
        reader.succeed(bytes)
      } else if let failure {
        self.reader = nil
        reader.fail(failure)
      } else if download?.isFinished != false {
        self.reader = nil
        close()
        reader.succeed(nil)
      }
    }
    if failure == nil { askForMore() }
  }

  /// Gives the handle back without waiting. Answers that are still to come are dropped.
  func close() {
    guard let handle else { return }
    self.handle = nil
    lane.release(handle)
  }
}

extension ByteBuffer {
  /// Without a copy when it is the first piece.
  fileprivate mutating func append(_ bytes: ByteBuffer) {
    if readableBytes == 0 { self = bytes } else { writeImmutableBuffer(bytes) }
  }
}
