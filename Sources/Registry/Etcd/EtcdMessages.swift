import FoundationEssentials

// The messages of etcd's gRPC API as its JSON gateway writes them (etcd `rpc.proto`, `kv.proto`; 64-bit integers are
// strings, bytes are base64, what is zero is left out). In requests the gateway takes lowerCamelCase names as well.

/// A 64-bit integer: written as a string, read as a string or a number. A value.
struct EtcdInteger: Codable, Hashable, Sendable {
  var value: Int64

  init(_ value: Int64) { self.value = value }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      guard let value = Int64(text) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an integer")
      }
      self.value = value
    } else {
      value = try container.decode(Int64.self)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(String(value))
  }
}

/// What every answer starts with. A value.
struct EtcdHeader: Decodable, Sendable {
  var revision: EtcdInteger?
}

/// A key with its value, and who wrote it when. A value.
struct EtcdPair: Decodable, Sendable {
  var key: Data
  var value: Data?
  var modRevision: EtcdInteger?
  var lease: EtcdInteger?

  enum CodingKeys: String, CodingKey {
    case key, value, lease
    case modRevision = "mod_revision"
  }
}

struct EtcdRange: Encodable, Sendable {
  var key: Data
  var rangeEnd: Data?
  var limit: EtcdInteger?
  var revision: EtcdInteger?
}

struct EtcdRangeAnswer: Decodable, Sendable {
  var header: EtcdHeader?
  var kvs: [EtcdPair]?
  var more: Bool?
}

struct EtcdPut: Encodable, Sendable {
  var key: Data
  var value: Data
  var lease: EtcdInteger
}

/// One condition of a transaction. A value.
struct EtcdCompare: Encodable, Sendable {
  var key: Data
  var result = "EQUAL"
  /// `MOD` or `LEASE`.
  var target: String
  var modRevision: EtcdInteger?
  var lease: EtcdInteger?
}

struct EtcdOperation: Encodable, Sendable {
  var requestPut: EtcdPut?
  var requestRange: EtcdRange?
  var requestDeleteRange: EtcdRange?
}

struct EtcdTransaction: Encodable, Sendable {
  var compare: [EtcdCompare] = []
  var success: [EtcdOperation] = []
  var failure: [EtcdOperation] = []
}

struct EtcdTransactionAnswer: Decodable, Sendable {
  struct Part: Decodable, Sendable {
    var range: EtcdRangeAnswer?

    enum CodingKeys: String, CodingKey { case range = "response_range" }
  }

  var header: EtcdHeader
  var succeeded: Bool?
  var responses: [Part]?
}

struct EtcdLeaseRequest: Encodable, Sendable {
  var id: EtcdInteger?
  var time: EtcdInteger?

  enum CodingKeys: String, CodingKey {
    case id = "ID"
    case time = "TTL"
  }
}

struct EtcdLease: Decodable, Sendable {
  var id: EtcdInteger
  /// Seconds left; absent: the lease is no more.
  var time: EtcdInteger?

  enum CodingKeys: String, CodingKey {
    case id = "ID"
    case time = "TTL"
  }
}

struct EtcdCredentials: Encodable, Sendable {
  var name: String
  var password: String
}

struct EtcdToken: Decodable, Sendable {
  var token: String
}

struct EtcdWatchRequest: Encodable, Sendable {
  struct Create: Encodable, Sendable {
    var key: Data
    var rangeEnd: Data
    var startRevision: EtcdInteger
    /// An answer may be split, so that no line grows beyond etcd's own limit for requests.
    var fragment = true
  }
  struct Progress: Encodable, Sendable {}

  var createRequest: Create?
  var progressRequest: Progress?
}

/// What a watch says. A value.
struct EtcdWatchAnswer: Decodable, Sendable {
  struct Event: Decodable, Sendable {
    /// `DELETE`, or absent for a put.
    var type: String?
    var kv: EtcdPair
  }

  var created: Bool?
  var canceled: Bool?
  var compactRevision: EtcdInteger?
  var cancelReason: String?
  var events: [Event]?

  enum CodingKeys: String, CodingKey {
    case created, canceled, events
    case compactRevision = "compact_revision"
    case cancelReason = "cancel_reason"
  }
}

/// A line of a streamed answer: what was asked for, or how the stream failed. A value.
struct EtcdLine<Result: Decodable & Sendable>: Decodable, Sendable {
  var result: Result?
  var error: EtcdFailure?
}

/// How the gateway says that a request failed: `code` is a gRPC status (`grpc_code` within a stream). A value.
struct EtcdFailure: Decodable, Sendable {
  var message: String?
  var code: Int?
  var grpcCode: Int?

  enum CodingKeys: String, CodingKey {
    case message, code
    case grpcCode = "grpc_code"
  }

  /// gRPC: NOT_FOUND 5 is only said of leases here; OUT_OF_RANGE 11 of compacted revisions; UNAVAILABLE 14 and
  /// DEADLINE_EXCEEDED 4 of a member that has no leader; RESOURCE_EXHAUSTED 8 of a quota that is used up or of a member with too much to do; UNAUTHENTICATED 16 of a
  /// token that ran out.
  var asError: RegistryError {
    let text = String((message ?? "").prefix(200))
    switch code ?? grpcCode {
    case 5: return RegistryError(.leaseLost, text)
    case 11: return RegistryError(.compacted, text)
    case 7: return RegistryError(.forbidden, text)
    case 8 where text.contains("space exceeded"): return RegistryError(.noSpace, text)
    case 8: return RegistryError(.unreachable, text)
    case 4, 14, 16: return RegistryError(.unreachable, text)
    default: return RegistryError(.refused, text)
    }
  }
}
