/// One directory open on a lane, read in batches. Confined to its event loop.
final class OpenDirectory {
  /// Batches that are asked for or wait to be taken, together.
  private static let window = 4

  private let lane: LaneDriver
  private let path: RemotePath
  private var attributes: LaneDriver.Answer?
  private var opened: LaneDriver.Answer?
  private var whenOpen: ((Result<Void, SSHError>) -> Void)?

  private var handle: SFTPHandle?
  private var outstanding = 0
  private var batches: [[DirectoryEntry]] = []
  private var hasEnded = false
  private var failure: SSHError?
  private var reader: Completion<[DirectoryEntry]?>?

  init(_ path: RemotePath, on lane: LaneDriver) {
    self.lane = lane
    self.path = path
  }

  /// The attributes are asked for too: OpenSSH answers "no such file" for a directory that is a file.
  func open(_ whenOpen: @escaping (Result<Void, SSHError>) -> Void) {
    self.whenOpen = whenOpen
    lane.send(.stat(path)) { [self] answer in
      attributes = answer
      openingAdvanced()
    }
    lane.send(.openDirectory(path)) { [self] answer in
      opened = answer
      openingAdvanced()
    }
  }

  private func openingAdvanced() {
    guard let whenOpen, let attributes, let opened else { return }
    self.whenOpen = nil
    switch (opened, attributes) {
    case (.success(.handle(let handle)), _):
      self.handle = handle
      askForMore()
      whenOpen(.success(()))
    case (.success(.status), .success(.attributes(let found))) where found.kind != .directory && found.kind != .unknown:
      whenOpen(.failure(.notADirectory(host: lane.host, path: path)))
    case (.success(.status(let status)), _):
      whenOpen(.failure(SSHError(status, host: lane.host, path: path)))
    case (.success, _):
      lane.abandon(SSHError(SFTPViolation.malformed, host: lane.host))
      whenOpen(.failure(SSHError(SFTPViolation.malformed, host: lane.host)))
    case (.failure(let error), _):
      whenOpen(.failure(error))
    }
  }

  /// One at a time.
  func next(_ completion: Completion<[DirectoryEntry]?>) {
    guard reader == nil else {
      return completion.fail(SSHError(.invalidArgument, "the directory is being read already", phase: .operation))
    }
    reader = completion
    completion.onAbort { [self] in
      reader = nil
      lane.abandon(SSHError(.connectionLost, "\(lane.host): a listing was given up", phase: .operation, scope: .lane))
    }
    deliver()
  }

  private func askForMore() {
    guard let handle, failure == nil else { return }
    while !hasEnded, outstanding + batches.count < Self.window {
      outstanding += 1
      lane.send(.readDirectory(handle)) { [self] answer in arrived(answer) }
    }
  }

  private func arrived(_ answer: LaneDriver.Answer) {
    outstanding -= 1
    switch answer {
    case .success(.names(let entries)):
      let named = entries.filter { $0.name != [0x2E] && $0.name != [0x2E, 0x2E] }
      if named.allSatisfy(\.hasPossibleName) {
        if !named.isEmpty { batches.append(named) }
      } else {
        lane.abandon(SSHError(SFTPViolation.badName, host: lane.host))
      }
    case .success(.status(let status)) where status.number == SFTPStatus.endOfFile:
      hasEnded = true
    case .success(.status(let status)):
      failure = failure ?? SSHError(status, host: lane.host, path: path)
    case .success:
      lane.abandon(SSHError(SFTPViolation.malformed, host: lane.host))
    case .failure(let error):
      failure = failure ?? error
    }
    deliver()
  }

  private func deliver() {
    if let reader {
      if !batches.isEmpty {
        self.reader = nil
        reader.succeed(batches.removeFirst())
      } else if let failure {
        self.reader = nil
        reader.fail(failure)
      } else if hasEnded, outstanding == 0 {
        self.reader = nil
        close()
        reader.succeed(nil)
      }
    }
    askForMore()
  }

  /// Gives the handle back without waiting.
  func close() {
    guard let handle else { return }
    self.handle = nil
    lane.release(handle)
  }
}

extension DirectoryEntry {
  /// A name that a directory can hold: a host must not make a reader look elsewhere.
  fileprivate var hasPossibleName: Bool {
    !name.isEmpty && name.count <= SFTPReply.nameLimit && !name.contains(0) && !name.contains(UInt8(ascii: "/"))
  }
}
