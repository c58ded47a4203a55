import AgentAPI
import Foundation
import Synchronization
import Testing

@testable import Coordinator

@Suite struct RunProgressTests {
  private static func event(_ event: RunEvent.OneOf_Event) -> RunEvent {
    var message = RunEvent()
    message.event = event
    return message
  }

  @Test func whatWasPassedOnIsNotPassedOnAgain() async throws {
    let taken = Mutex<[String]>([])
    let progress = RunProgress { event in
      let text =
        switch event.event {
        case .accepted: "accepted"
        case .stdout(let bytes): "1" + String(decoding: bytes, as: UTF8.self)
        case .stderr(let bytes): "2" + String(decoding: bytes, as: UTF8.self)
        case .exit: "exit"
        case nil: "nothing"
        }
      taken.withLock { $0.append(text) }
    }
    progress.attemptBegan()
    #expect(!progress.wasAccepted)
    for event: RunEvent.OneOf_Event in [.accepted(.init()), .stdout(Data("ab".utf8)), .stderr(Data("c".utf8))] {
      try await progress.take(Self.event(event))
    }
    progress.attemptBegan()
    // Cut otherwise, and gone on.
    for event: RunEvent.OneOf_Event in [
      .accepted(.init()), .stdout(Data("a".utf8)), .stdout(Data("b".utf8)), .stderr(Data("cd".utf8)),
      .stdout(Data("e".utf8)), .exit(.init()),
    ] {
      try await progress.take(Self.event(event))
    }
    #expect(taken.withLock { $0 } == ["accepted", "1ab", "2c", "2d", "1e", "exit"])
    #expect(progress.wasAccepted && !progress.isRefused)
  }

  @Test func aPauseGrowsAndObeysTheAgent() {
    let table: [(Int, Duration, Duration)] = [
      (0, .zero, .milliseconds(50)), (1, .zero, .milliseconds(100)), (5, .zero, .milliseconds(1600)),
      (60, .zero, .milliseconds(1600)), (0, .seconds(1), .seconds(1)), (-1, .zero, .milliseconds(50)),
    ]
    for (sheds, wish, pause) in table { #expect(ShedPause.before(sheds, wish: wish, spread: 1) == pause) }
  }
}
