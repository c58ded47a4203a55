import NIOCore
import NIOPosix
import SocketFaults
import TestFleet
import Testing

/// What people are told of connections that were not made.
@Suite struct SocketFaultTests {
  @Test func whatTheSystemRefusesIsToldInItsWords() async throws {
    let port = try freePort()
    let error = await #expect(throws: (any Error).self) {
      _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port).get()
    }
    #expect(SocketFault.words(try #require(error)) == "Connection refused")
  }

  @Test func aNameWithoutAddressIsNamed() async throws {
    let error = await #expect(throws: (any Error).self) {
      _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "nowhere.invalid", port: 1).get()
    }
    #expect(SocketFault.words(try #require(error)) == "the name nowhere.invalid cannot be resolved")
  }

  @Test(arguments: [(TimeAmount.seconds(10), "10"), (.milliseconds(250), "0.3"), (.milliseconds(1500), "1.5")])
  func silenceIsToldWithItsLength(_ time: TimeAmount, _ seconds: String) {
    #expect(SocketFault.words(ChannelError.connectTimeout(time)) == "no answer within \(seconds) s")
  }
}
