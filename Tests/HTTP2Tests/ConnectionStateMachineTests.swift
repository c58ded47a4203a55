import Testing

@testable import HTTP2

@Suite struct ConnectionStateMachineTests {
  @Test func clientLives() {
    var machine = ConnectionStateMachine(side: .client)
    #expect(!machine.isUsable)
    #expect(machine.settingsReceived() == .announce)
    #expect(machine.isUsable)
    #expect(machine.settingsReceived() == .none)
    #expect(machine.shutdownRequested() == .sendGoAway)
    #expect(!machine.isUsable)
    #expect(machine.shutdownRequested() == .none)
    #expect(machine.channelClosed() == .finish)
    #expect(machine.channelClosed() == .none)
  }

  @Test func serverTellsBeforeItGoes() {
    var machine = ConnectionStateMachine(side: .server)
    #expect(machine.noticeAcknowledged() == .none)
    #expect(machine.settingsReceived() == .announce)
    #expect(machine.shutdownRequested() == .sendNotice)
    #expect(machine.shutdownRequested() == .none)
    #expect(machine.noticeAcknowledged() == .sendGoAway)
    #expect(machine.noticeAcknowledged() == .none)
    #expect(machine.graceExpired() == .close)
  }

  @Test func goAwayEndsUse() {
    var machine = ConnectionStateMachine(side: .client)
    _ = machine.settingsReceived()
    #expect(machine.goAwayReceived() == .announceDraining)
    #expect(!machine.isUsable)
    #expect(machine.goAwayReceived() == .none)
    #expect(machine.shutdownRequested() == .none)
  }

  @Test func beforeSettingsThereIsNothingToDrain() {
    var machine = ConnectionStateMachine(side: .server)
    #expect(machine.shutdownRequested() == .close)
    #expect(machine.goAwayReceived() == .close)
    #expect(machine.channelClosed() == .finish)
    #expect(machine.graceExpired() == .none)
    #expect(machine.settingsReceived() == .none)
  }
}
