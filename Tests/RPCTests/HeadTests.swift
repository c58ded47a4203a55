import HTTP2
import Testing

@testable import RPC

@Suite struct HeadTests {
  private static let request = [
    HTTP2Header(":method", "POST"), HTTP2Header(":scheme", "http"), HTTP2Header(":path", "/a.B/C"),
    HTTP2Header(":authority", "here:1"), HTTP2Header("te", "trailers"), HTTP2Header("content-type", "application/grpc"),
  ]

  private static func changed(_ name: String, _ value: String?) -> [HTTP2Header] {
    let others = request.filter { $0.name != name }
    return value.map { others + [HTTP2Header(name, $0)] } ?? others
  }

  @Test func requestIsRead() throws {
    let fields =
      Self.request + [
        HTTP2Header("grpc-timeout", "250m"), HTTP2Header("x-mine", "1"), HTTP2Header("grpc-encoding", "identity"),
      ]
    let head = try RequestHead(fields: fields)
    #expect(head.path == "/a.B/C")
    #expect(head.authority == "here:1")
    #expect(head.timeout == .milliseconds(250))
    #expect(head.metadata.fields == [HTTP2Header("x-mine", "1")])
  }

  @Test func requestIsReadAsWritten() throws {
    var metadata = RPCMetadata()
    metadata.add("x-mine", "1")
    let head = RequestHead(path: "/a.B/C", authority: "here:1", timeout: .seconds(2), metadata: metadata)
    #expect(try RequestHead(fields: head.fields(scheme: "https")) == head)
  }

  @Test(arguments: ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"])
  func contentTypesThatAreGRPC(value: String) throws {
    _ = try RequestHead(fields: Self.changed("content-type", value))
  }

  @Test(arguments: [
    (":method", "GET", 405), ("content-type", "application/json", 415), ("content-type", "application/grpcweb", 415),
    ("content-type", nil, 415),
  ])
  func whatIsNotGRPCIsRefusedInHTTPsTerms(name: String, value: String?, status: Int) {
    #expect(throws: RequestHead.Refusal.http(status: status)) { try RequestHead(fields: Self.changed(name, value)) }
  }

  @Test(arguments: [
    ("te", nil, RPCCode.internal), ("te", "gzip", .internal), ("grpc-encoding", "gzip", .unimplemented),
    ("grpc-timeout", "soon", .invalidArgument),
  ])
  func gRPCThatIsNotSpokenIsRefusedByStatus(name: String, value: String?, code: RPCCode) throws {
    do {
      _ = try RequestHead(fields: Self.changed(name, value))
      Issue.record("it was taken")
    } catch .status(let error) {
      #expect(error.code == code)
      #expect(!error.mayHaveRun)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func statusWithMessageAndMetadataIsReadAsWritten() throws {
    var metadata = RPCMetadata()
    metadata.add("x-mine", "1")
    let error = RPCError(
      .notFound, "no such file: ü%\n", metadata: metadata, retryAfter: .milliseconds(1500), mayHaveRun: true)
    #expect(ResponseFields.result(of: ResponseFields.trailers(error)) == .failure(error))
    #expect(ResponseFields.result(of: ResponseFields.trailersOnly(error)) == .failure(error))
    #expect(ResponseFields.result(of: ResponseFields.trailers(metadata)) == .success(metadata))
  }

  @Test func longMessageIsCut() throws {
    let fields = ResponseFields.trailers(RPCError(.unknown, String(repeating: "x", count: 5000)))
    #expect(fields.first(named: "grpc-message")?.utf8.count == RPCError.maxMessageBytes)
  }

  @Test(arguments: [
    ([HTTP2Header(":status", "503")], RPCCode.unavailable), ([HTTP2Header(":status", "404")], .unimplemented),
    ([HTTP2Header(":status", "401")], .unauthenticated), ([HTTP2Header(":status", "200")], .unknown), ([], .unknown),
    ([HTTP2Header("grpc-status", "99")], .unknown), ([HTTP2Header("grpc-status", "x")], .unknown),
    ([HTTP2Header("grpc-status", "14")], .unavailable),
    // The status wins over HTTP's.
    ([HTTP2Header(":status", "503"), HTTP2Header("grpc-status", "5")], .notFound),
  ])
  func everyEndHasAStatus(fields: [HTTP2Header], code: RPCCode) {
    guard case .failure(let error) = ResponseFields.result(of: fields) else {
      Issue.record("it was taken for OK")
      return
    }
    #expect(error.code == code)
  }

  @Test(arguments: [
    ([HTTP2Header(":status", "502"), HTTP2Header("content-type", "text/html")], RPCCode.unavailable),
    ([HTTP2Header(":status", "200"), HTTP2Header("content-type", "text/html")], .unknown),
    ([HTTP2Header(":status", "200")], .unknown),
    (ResponseFields.head + [HTTP2Header("grpc-encoding", "gzip")], .unimplemented),
  ])
  func headThatIsNoAnswerIsRefused(fields: [HTTP2Header], code: RPCCode) {
    do {
      try ResponseFields.checkHead(fields)
      Issue.record("it was taken")
    } catch {
      #expect(error.code == code)
    }
  }

  @Test(arguments: [
    (HTTP2Error.Code.refusedStream, HTTP2Error.Scope.stream, false, RPCCode.unavailable),
    (.streamReset(.cancel), .stream, true, .cancelled),
    (.streamReset(.enhanceYourCalm), .stream, true, .resourceExhausted),
    (.streamReset(.protocolError), .stream, true, .internal), (.goAway(.noError), .connection, true, .unavailable),
    (.connectionClosed, .connection, true, .unavailable), (.draining, .connection, false, .unavailable),
    (.pingTimeout, .connection, true, .unavailable), (.tooManyStreams, .stream, false, .unavailable),
  ])
  func endOfAStreamBecomesAStatus(code: HTTP2Error.Code, scope: HTTP2Error.Scope, maybe: Bool, expected: RPCCode) {
    let error = RPCError(HTTP2Error(code, "x", scope: scope, maybeProcessed: maybe))
    #expect(error.code == expected)
    #expect(error.mayHaveRun == maybe)
    #expect(error.scope == (scope == .connection ? .connection : .call))
  }
}
