/// One JSON-RPC message as it came, its envelope checked. A value.
enum RPCMessage: Sendable, Hashable {
  case request(RPCRequest)
  case notification(RPCNotification)
  /// An answer to something that we never ask.
  case response
}

struct RPCRequest: Sendable, Hashable {
  var id: MessageID
  var method: String
  var params: JSONObject

  var meta: JSONObject? { params["_meta"]?.object }
}

struct RPCNotification: Sendable, Hashable {
  var method: String
  var params: JSONObject
}

/// A message that is refused before it means anything, and the id to say so with where it had a usable one.
struct RPCRejection: Error, Sendable, Hashable {
  var id: MessageID?
  var error: RPCError

  init(id: MessageID? = nil, _ error: RPCError) {
    self.id = id
    self.error = error
  }
}

extension RPCMessage {
  /// Checks the envelope: JSON-RPC 2.0, an id that is a string or an integer (never null), `params` an object.
  init(_ value: JSON) throws(RPCRejection) {
    guard let members = value.object else {
      throw RPCRejection(RPCError(.invalidRequest, "A message is one JSON object"))
    }
    let id = MessageID(members["id"])
    func refuse(_ message: String) -> RPCRejection { RPCRejection(id: id, RPCError(.invalidRequest, message)) }
    guard members["jsonrpc"]?.string == "2.0" else { throw refuse("\"jsonrpc\" must be \"2.0\"") }
    guard let method = members["method"] else {
      guard members["result"] != nil || members["error"] != nil else { throw refuse("\"method\" is missing") }
      self = .response
      return
    }
    guard members["result"] == nil, members["error"] == nil else {
      throw refuse("a message with \"method\" has neither \"result\" nor \"error\"")
    }
    guard let name = method.string else { throw refuse("\"method\" must be a string") }
    let params: JSONObject
    switch members["params"] {
    case nil, .null?: params = [:]
    case .object(let object)?: params = object
    default: throw refuse("\"params\" must be an object")
    }
    if members["id"] == nil {
      self = .notification(RPCNotification(method: name, params: params))
    } else if let id {
      self = .request(RPCRequest(id: id, method: name, params: params))
    } else {
      throw refuse("\"id\" must be a string or an integer")
    }
  }
}
