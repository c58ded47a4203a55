import Testing

/// The properties of calls over random sequences of events. A failure names its seed; the same seed always gives the same
/// sequence.
@Suite(.serialized) struct CallPropertyTests {
  /// 8 x 12 500 sequences on all processors, giving way, since other tests beside this one have deadlines.
  @Test func everyPropertyHoldsOverRandomSequences() async {
    await withDiscardingTaskGroup { group in
      for share in 0..<8 { group.addTask { await run(share) } }
    }
  }

  private func run(_ share: Int) async {
    for number in 0..<12_500 {
      let seed = UInt64(share * 12_500 + number)
      if number % 50 == 0 { await Task.yield() }
      var storm = CallStorm(seed: seed)
      guard let violation = storm.run() else { continue }
      var again = CallStorm(seed: seed, keepsLog: true)
      _ = again.run()
      Issue.record("seed \(seed): \(violation), after\n\(again.log.suffix(60).joined(separator: "\n"))")
      return
    }
  }
}
