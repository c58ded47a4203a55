import NIOCore
import Testing

@testable import SSH

@Suite struct CommandScriptTests {
  private func script(_ argv: [String], stdin: [UInt8]? = nil, _ loginShell: LoginShell) -> CommandScript {
    CommandScript(RemoteCommand(argv, stdin: stdin), loginShell: loginShell, nonce: "M")
  }

  private let start = #"printf 'scout-%s %s %s\n' M $$ "$SHELL" && printf 'scout-%s\n' M >&2 && exec "#

  @Test func quotesEveryArgument() {
    let plain = script(["echo", "it's", "a\nb"], .unknown)
    #expect(plain.reader == .sh)
    #expect(String(decoding: plain.bytes, as: UTF8.self) == start + "'echo' 'it'\\''s' 'a\nb' </dev/null\n")
    let fed = script(["cat"], stdin: [1], .other)
    #expect(String(decoding: fed.bytes, as: UTF8.self) == start + "'cat'\n")
  }

  @Test func aPOSIXLoginShellReadsOnePlainLine() {
    let line = script(["cat", "it's"], .posix)
    #expect(line.reader == .loginShell)
    #expect(String(decoding: line.bytes, as: UTF8.self) == "M 'cat' 'it'\\''s' </dev/null\n")
    for argument in ["\n", "\r", "\u{7f}", "ü", String(repeating: "x", count: 2048)] {
      #expect(script(["echo", argument], .posix).reader == .sh)
    }
  }

  @Test(arguments: [
    ("/bin/bash", true), ("/bin/sh", true), ("/usr/local/bin/mksh", true), ("dash", true), ("/bin/rbash", false),
    ("/bin/zsh", false), ("/usr/bin/fish", false), ("/bin/bash/", false), ("/bin/bash -l", false), ("", false),
  ])
  func shellsAreKnownByTheirNames(path: String, isPOSIX: Bool) {
    let isKnown = if case .posix = LoginShell(path: path) { true } else { false }
    #expect(isKnown == isPOSIX)
  }
}

@Suite struct MarkerScannerTests {
  @Test(arguments: [1, 2, 3, 7, 100])
  func findsTheMarkerInPieces(_ size: Int) {
    let text = Array("motd\nscout-scou\nscout-x 123\nout\nput".utf8)
    var scanner = MarkerScanner(marker: "scout-x")
    var rest = text[...]
    while !rest.isEmpty, !scanner.hasPassed {
      let piece = rest.prefix(size)
      rest = rest.dropFirst(piece.count)
      switch scanner.receive(ByteBuffer(bytes: piece)) {
      case .searching: continue
      case .found(let number, let after):
        #expect(number == "123")
        #expect(Array(after.readableBytesView) + rest == Array("out\nput".utf8))
      case .tooMuch: Issue.record("too much")
      }
    }
    #expect(scanner.hasPassed)
  }

  @Test func noiseIsBounded() {
    var scanner = MarkerScanner(marker: "scout-x")
    let noise = ByteBuffer(repeating: 0x73, count: 10_000)
    var outcomes: [MarkerScanner.Outcome] = []
    for _ in 0..<7 { outcomes.append(scanner.receive(noise)) }
    #expect(outcomes.last == .tooMuch)
    #expect(scanner.excerpt.count == 200)
  }
}

/// The ladder as a table of instants, in milliseconds.
@Suite struct KillLadderTests {
  private let start = ContinuousClock.now

  private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

  @Test func aGroupThatObeysGetsOneSignal() {
    var ladder = KillLadder(now: start)
    #expect(ladder.opened(now: at(5)) == .signal("INT"))
    #expect(ladder.answered(isAlive: true, now: at(10)) == .wait(until: at(30)))
    #expect(ladder.timePassed(now: at(30)) == .ask)
    #expect(ladder.answered(isAlive: false, now: at(35)) == .finish(.confirmed(lastSignal: "INT")))
  }

  @Test func aStubbornGroupGetsAllThree() {
    var ladder = KillLadder(now: start)
    var signals: [String] = []
    var clock = 5
    var action = ladder.opened(now: at(clock))
    var ending: CommandEnding?
    while ending == nil {
      switch action {
      case .signal(let name):
        signals.append(name)
        action = ladder.answered(isAlive: true, now: at(clock))
      case .ask: action = ladder.answered(isAlive: true, now: at(clock))
      case .wait(let instant):
        clock = Int((instant - start) / .milliseconds(1))
        action = ladder.timePassed(now: instant)
      case .finish(let end): ending = end
      }
      #expect(clock < 4000)
    }
    #expect(signals == ["INT", "TERM", "KILL"])
    #expect(ending == .unconfirmed)
  }

  @Test func aSlowFirstAnswerLeavesTheSignalItsTime() {
    var ladder = KillLadder(now: start)
    _ = ladder.opened(now: at(1000))
    #expect(ladder.answered(isAlive: true, now: at(2800)) == .wait(until: at(2820)))
    #expect(ladder.timePassed(now: at(2820)) == .ask)
    #expect(ladder.answered(isAlive: true, now: at(3300)) == .wait(until: at(3350)))
    #expect(ladder.timePassed(now: at(3350)) == .signal("TERM"))
  }

  @Test func withoutAChannelNothingIsConfirmed() {
    #expect(KillLadder(now: start).failed() == .finish(.unconfirmed))
  }
}

@Suite struct KeepaliveTests {
  @Test func silenceIsAskedAboutThenGivenUp() {
    var keepalive = Keepalive(limit: 3)
    #expect(keepalive.intervalPassed() == .ask)
    let isAnswer = keepalive.heard()
    let isMore = keepalive.heard()
    #expect(isAnswer && !isMore)
    #expect(keepalive.intervalPassed() == .wait)
    let isAnswerUnasked = keepalive.heard()
    #expect(!isAnswerUnasked)
    #expect(keepalive.intervalPassed() == .wait)
    for _ in 0..<3 { #expect(keepalive.intervalPassed() == .ask) }
    #expect(keepalive.intervalPassed() == .giveUp(unanswered: 3))
  }
}
