import FoundationEssentials
import Logging

/// Keeps this process's lease, and under it the rows that it publishes. A value.
struct LeaseHolder: Sendable {
  let settings: EtcdSettings
  let client: EtcdClient
  let state: EtcdState
  let logger: Logger

  /// Renews and writes at each wake; a wake comes at least at each third of the lease. Ends when the wakes end.
  func hold(_ wakes: AsyncStream<Void>) async throws {
    var renewed: ContinuousClock.Instant?
    var refusal: RegistryError?
    for await _ in wakes {
      guard state.isPublishing || state.lease != nil else { continue }
      do {
        try await keepUp(&renewed)
        refusal = nil
      } catch let error as RegistryError where error.code == .forbidden || error.code == .noSpace {
        // Rows can still be read, and leases live on. The next wake tries again.
        if refusal != error { tell(error) }
        refusal = error
      }
    }
  }

  /// Renews where it is time, and writes; takes another lease where this one was lost, and writes its rows again.
  private func keepUp(_ renewed: inout ContinuousClock.Instant?) async throws {
    do {
      // A quarter, so that a timer that is early by a little does not skip its turn.
      if renewed.map({ $0.duration(to: .now) >= settings.leaseTime / 4 }) ?? true {
        try await renew()
        renewed = .now
      }
      try await write()
    } catch let error as RegistryError where error.code == .leaseLost {
      state.leased(nil)
      try await renew()
      renewed = .now
      try await write()
    }
  }

  private func tell(_ refusal: RegistryError) {
    logger.error(
      refusal.code == .noSpace
        ? "Registry has no space: compact and defragment etcd, then disarm its alarm"
        : "Registry refuses this coordinator's rows",
      metadata: ["reason": "\(refusal.message)"])
  }

  private func renew() async throws {
    if let lease = state.lease {
      if try await client.keepAlive(lease) { return }
      state.leased(nil)
      logger.notice("Registry lease ran out; taking another one")
    }
    state.leased(try await client.grantLease(settings.leaseTime))
  }

  /// Writes until all is as it should be, or until etcd has refused so often that somebody must be writing against us.
  private func write() async throws {
    var turns = 8 + 2 * (state.publishedCount / Publications.batchLimit)
    while turns > 0, let lease = state.lease {
      turns -= 1
      let batch = state.nextBatch(lease: lease)
      if batch.isEmpty { return }
      let answer = try await client.transact(try transaction(batch, lease: lease))
      guard let revision = answer.header.revision?.value else {
        throw RegistryError(.malformed, "a transaction without a revision")
      }
      if answer.succeeded == true {
        state.succeeded(batch, revision: revision, lease: lease)
      } else {
        state.refused(batch, standing: try standing(answer, batch), revision: revision, lease: lease)
      }
    }
  }

  private func transaction(
    _ batch: [(key: Data, change: Publications.Change)], lease: Int64
  ) throws(RegistryError) -> EtcdTransaction {
    var transaction = EtcdTransaction()
    for (key, change) in batch {
      switch change {
      case .put(let row, let over):
        transaction.compare.append(EtcdCompare(key: key, target: "MOD", modRevision: EtcdInteger(over)))
        let put = EtcdPut(key: key, value: try RowCodec.encode(row), lease: EtcdInteger(lease))
        transaction.success.append(EtcdOperation(requestPut: put))
      case .delete:
        transaction.compare.append(EtcdCompare(key: key, target: "LEASE", lease: EtcdInteger(lease)))
        transaction.success.append(EtcdOperation(requestDeleteRange: EtcdRange(key: key)))
      }
      transaction.failure.append(EtcdOperation(requestRange: EtcdRange(key: key)))
    }
    return transaction
  }

  /// What stands under the keys of a refused batch; nil where it cannot be read.
  private func standing(
    _ answer: EtcdTransactionAnswer, _ batch: [(key: Data, change: Publications.Change)]
  ) throws(RegistryError) -> [Data: EtcdView.Held?] {
    guard let parts = answer.responses, parts.count == batch.count else {
      throw RegistryError(.malformed, "a transaction without its parts")
    }
    var standing: [Data: EtcdView.Held?] = [:]
    for pair in parts.flatMap({ $0.range?.kvs ?? [] }) {
      standing.updateValue(EtcdView.Held(pair, keys: state.keys), forKey: pair.key)
    }
    return standing
  }
}
