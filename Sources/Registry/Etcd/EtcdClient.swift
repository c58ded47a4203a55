import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL

/// The calls of etcd's JSON gateway (etcd: "Why gRPC gateway", paths of v3.4 and later) to one endpoint. A value: holds
/// the client that all sessions share.
struct EtcdClient: Sendable {
  /// Rows of a page; `RowCodec.maxBytes` each, in base64, they stay below `maxAnswerBytes`.
  static let pageRows = 256
  static let maxAnswerBytes = 8 * 1024 * 1024
  /// etcd splits its answers at 2 MiB (`fragment`); base64 and JSON make more of it.
  static let maxLineBytes = 4 * 1024 * 1024

  let http: HTTPClient
  let endpoint: String
  let answerTimeout: Duration
  /// Of etcd's own authentication.
  var token: String?

  /// A client for `settings`. Connections are kept for a second only: after a cut nobody waits for a dead one.
  static func httpClient(_ settings: EtcdSettings) throws(RegistryError) -> HTTPClient {
    var configuration = HTTPClient.Configuration()
    configuration.httpVersion = .http1Only
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = TimeAmount(settings.connectTimeout)
    // A failed connection is our business: the next endpoint is tried, the pool must not hold requests back.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.idleTimeout = .seconds(1)
    if let tls = settings.tls {
      do {
        var security = TLSConfiguration.makeClientConfiguration()
        security.minimumTLSVersion = .tlsv12
        if let roots = tls.trustRoots { security.trustRoots = .file(roots) }
        if let chain = tls.certificateChain, let key = tls.privateKey {
          security.certificateChain = try NIOSSLCertificate.fromPEMFile(chain).map { .certificate($0) }
          security.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        }
        configuration.tlsConfiguration = security
      } catch {
        throw RegistryError(.invalid, "etcd's certificate files: \(error)")
      }
    }
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Returns when the endpoint has answered anything, or throws within `limit`: a member without a leader answers too,
  /// one behind a path that swallows everything does not.
  func greet(_ limit: Duration) async throws {
    let request = HTTPClientRequest(url: "\(endpoint)/version")
    _ = try await within(limit, "version") {
      try await http.execute(request, deadline: .distantFuture).body.collect(upTo: 64 * 1024)
    }
  }

  func authenticated(_ user: EtcdSettings.User) async throws -> EtcdClient {
    var client = self
    let answer: EtcdToken = try await call(
      "auth/authenticate", EtcdCredentials(name: user.name, password: user.password))
    client.token = answer.token
    return client
  }

  /// Every pair from `first` up to `end`, all at one revision, page by page. Throws `.full` beyond `maxRows`.
  func list(_ keys: EtcdKeys, maxRows: Int) async throws -> (pairs: [EtcdPair], revision: Int64) {
    var pairs: [EtcdPair] = []
    var range = EtcdRange(key: keys.first, rangeEnd: keys.end, limit: EtcdInteger(Int64(Self.pageRows)))
    while true {
      let page: EtcdRangeAnswer = try await call("kv/range", range)
      let found = page.kvs ?? []
      pairs += found
      guard let revision = range.revision?.value ?? page.header?.revision?.value else {
        throw RegistryError(.malformed, "a list without a revision")
      }
      guard pairs.count <= maxRows else { throw RegistryError(.full, "etcd holds more than \(maxRows) rows") }
      guard page.more == true, let last = found.last else { return (pairs, revision) }
      range.key = EtcdKeys.next(after: last.key)
      range.revision = EtcdInteger(revision)
    }
  }

  func grantLease(_ time: Duration) async throws -> Int64 {
    let lease: EtcdLease = try await call(
      "lease/grant", EtcdLeaseRequest(time: EtcdInteger(time.components.seconds)))
    return lease.id.value
  }

  /// False when the lease is no more.
  func keepAlive(_ lease: Int64) async throws -> Bool {
    let line: EtcdLine<EtcdLease> = try await call("lease/keepalive", EtcdLeaseRequest(id: EtcdInteger(lease)))
    if let error = line.error { throw error.asError }
    guard let lease = line.result else { throw RegistryError(.malformed, "a lease without an answer") }
    return (lease.time?.value ?? 0) > 0
  }

  func revoke(_ lease: Int64) async throws {
    struct Nothing: Decodable {}
    let _: Nothing = try await call("lease/revoke", EtcdLeaseRequest(id: EtcdInteger(lease)))
  }

  func transact(_ transaction: EtcdTransaction) async throws -> EtcdTransactionAnswer {
    try await call("kv/txn", transaction)
  }

  /// Opens a watch; `messages` are what is said to it, the first creates it. Its lines come with the answer's body.
  ///
  /// `Connection: close` is needed: without it Go's HTTP/1 server reads a request to its end before it answers, and this
  /// one has no end (net/http, "EnableFullDuplex"). With `hasleader` etcd ends the watch when its member has lost the
  /// cluster's leader, where it would else be silent and look well (etcd, `clientv3.WithRequireLeader`).
  func watch(_ messages: AsyncStream<ByteBuffer>) async throws -> HTTPClientResponse {
    var request = post("watch")
    request.headers.add(name: "Connection", value: "close")
    request.headers.add(name: "Grpc-Metadata-hasleader", value: "true")
    request.body = .stream(messages, length: .unknown)
    let response = try await http.execute(request, deadline: .now() + TimeAmount(answerTimeout))
    guard response.status == .ok else {
      let body = try await within(answerTimeout, "watch") { try await response.body.collect(upTo: 64 * 1024) }
      throw Self.failure(response.status.code, Data(body.readableBytesView))
    }
    return response
  }

  private func call<Answer: Decodable & Sendable>(
    _ path: String, _ question: some Encodable & Sendable
  ) async throws -> Answer {
    var request = post(path)
    request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(question)))
    let (status, body) = try await within(answerTimeout, path) { [request] in
      let response = try await http.execute(request, deadline: .distantFuture)
      return (response.status, try await response.body.collect(upTo: Self.maxAnswerBytes))
    }
    guard status == .ok else { throw Self.failure(status.code, Data(body.readableBytesView)) }
    return try Self.decode(Data(body.readableBytesView))
  }

  static func decode<Answer: Decodable>(_ data: Data) throws(RegistryError) -> Answer {
    do {
      return try JSONDecoder().decode(Answer.self, from: data)
    } catch {
      throw RegistryError(.malformed, "an answer of etcd's is not what it should be: \(error)")
    }
  }

  private func post(_ path: String) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: "\(endpoint)/v3/\(path)")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    if let token { request.headers.add(name: "Authorization", value: token) }
    return request
  }

  private static func failure(_ status: UInt, _ body: Data) -> RegistryError {
    guard let failure = try? JSONDecoder().decode(EtcdFailure.self, from: body) else {
      let start = String(decoding: body.prefix(200), as: UTF8.self)
      return RegistryError(.malformed, "etcd's gateway answered \(status): \(start)")
    }
    return failure.asError
  }
}
