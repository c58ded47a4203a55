import AgentAPI
import Testing

@testable import Coordinator

/// Failures as a reader sees them.
@Suite struct FailureTextTests {
  private func failure(_ host: String, _ message: String) -> HostFailure {
    HostFailure(host: host, code: .timeout, message: message, phase: "operation", elapsedMS: 5)
  }

  @Test func aHostIsNamedOnce() {
    #expect(
      AnswerText.failures([failure("dc1/web1", "web1: no answer")])
        == "!! dc1/web1: no answer [timeout, in operation, after 5 ms]\n")
    #expect(
      AnswerText.failures([failure("dc1/web1", "web1: no answer"), failure("web2", "web2: no answer")])
        == "!! dc1/web1, web2: no answer [timeout, in operation, after up to 5 ms]\n")
  }

  @Test func anotherNameStays() {
    #expect(
      AnswerText.failures([failure("web1", "web10: no answer")])
        == "!! web1: web10: no answer [timeout, in operation, after 5 ms]\n")
  }
}
