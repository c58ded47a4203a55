/// The answer to one request, or to a message that could not be read as one. A value.
struct RPCReply: Sendable, Hashable {
  /// nil where the message had no usable id; the member is then left out, as the schema has it.
  var id: MessageID?
  var outcome: Result<JSON, RPCError>

  init(id: MessageID?, _ outcome: Result<JSON, RPCError>) {
    self.id = id
    self.outcome = outcome
  }

  init(_ rejection: RPCRejection) { self.init(id: rejection.id, .failure(rejection.error)) }

  var json: JSON {
    var members: JSONObject = ["jsonrpc": "2.0"]
    members["id"] = id?.json
    switch outcome {
    case .success(let result): members["result"] = result
    case .failure(let error): members["error"] = error.json
    }
    return .object(members)
  }

  var bytes: [UInt8] { json.serialized() }
}
