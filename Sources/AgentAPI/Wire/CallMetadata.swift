import RPC

/// What goes along with a call, written and read. Names and forms: Protocol/README.md.
extension CallContext {
  /// The deadline travels as `grpc-timeout`, which RPC writes.
  var metadata: RPCMetadata {
    var metadata = RPCMetadata()
    if !requestID.isEmpty { metadata.add("scout-request-id", requestID) }
    if !principal.isEmpty { metadata.add("scout-principal", PercentEncoding.encode(principal)) }
    if importance != .interactive { metadata.add("scout-importance", importance.rawValue) }
    return metadata
  }

  /// - Parameters:
  ///   - timeout: For a call that brought no deadline.
  ///   - newRequestID: For a call that brought none.
  init(_ call: RPCContext, timeout: Duration, newRequestID: () -> String) {
    let requestID = call.metadata["scout-request-id"].flatMap { Self.isRequestID($0) ? $0 : nil }
    self.init(
      deadline: call.deadline ?? ContinuousClock.now + timeout, requestID: requestID ?? newRequestID(),
      principal: PercentEncoding.decode(call.metadata["scout-principal"] ?? ""),
      importance: call.metadata["scout-importance"].flatMap(CallImportance.init(rawValue:)) ?? .interactive)
    fate = call.fate
  }

  /// Printable ASCII, 128 bytes at most: it stands in every line of the log.
  private static func isRequestID(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
  }
}

extension CallTimings {
  var metadata: RPCMetadata {
    var metadata = RPCMetadata()
    metadata.add("scout-host-us", "\(host.microseconds)")
    metadata.add("scout-connect-us", "\(connect.microseconds)")
    metadata.add("scout-queue-us", "\(queue.microseconds)")
    metadata.add("scout-pool", poolHit ? "hit" : "miss")
    return metadata
  }

  /// No call takes longer, whatever its agent says.
  private static let longest: Int64 = 86_400_000_000

  /// What is missing, or is not a number, counts as nothing; more than a day as a day.
  init(_ trailers: RPCMetadata) {
    func duration(_ name: String) -> Duration {
      .microseconds(min(max(trailers[name].flatMap { Int64($0) } ?? 0, 0), Self.longest))
    }
    self.init(
      host: duration("scout-host-us"), connect: duration("scout-connect-us"), queue: duration("scout-queue-us"),
      poolHit: trailers["scout-pool"] == "hit")
  }
}

extension Duration {
  /// Whole ones, rounded down.
  var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
  var milliseconds: Int64 { microseconds / 1_000 }
}
