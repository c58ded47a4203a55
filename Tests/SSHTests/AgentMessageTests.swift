import Testing

@testable import SSH

@Suite struct AgentMessageTests {
  @Test func requests() {
    #expect(AgentMessage.identitiesRequest() == [0, 0, 0, 1, 11])
    #expect(
      AgentMessage.signRequest(blob: [1, 2], data: [3], flags: 4)
        == [0, 0, 0, 16, 13, 0, 0, 0, 2, 1, 2, 0, 0, 0, 1, 3, 0, 0, 0, 4])
  }

  @Test func identitiesInOrder() throws {
    let answer: [UInt8] = [12, 0, 0, 0, 2, 0, 0, 0, 1, 7, 0, 0, 0, 2, 104, 105, 0, 0, 0, 1, 8, 0, 0, 0, 0]
    #expect(
      try AgentMessage.identities(answer) == [
        AgentIdentity(blob: [7], comment: "hi"), AgentIdentity(blob: [8], comment: ""),
      ])
    for length in 0..<answer.count {
      #expect(throws: SSHError.self) { try AgentMessage.identities(Array(answer.prefix(length))) }
    }
  }

  @Test func refusalsAndNonsense() {
    #expect(throws: SSHError.self) { try AgentMessage.signature([14, 0, 0, 0, 1, 1, 9]) }
    #expect(throws: SSHError.self) { try AgentMessage.signature([]) }
    let refused = #expect(throws: SSHError.self) { try AgentMessage.signature([5]) }
    #expect(refused?.code == .authFailed)
    let odd = #expect(throws: SSHError.self) { try AgentMessage.identities([99]) }
    #expect(odd?.code == .protocolViolation)
  }

  @Test func aListThatLiesAboutItsLength() {
    #expect(throws: SSHError.self) { try AgentMessage.identities([12, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 7]) }
    #expect(throws: SSHError.self) { try AgentMessage.identities([12, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]) }
  }
}
