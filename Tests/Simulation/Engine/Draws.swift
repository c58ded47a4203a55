import Routing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The randomness of one run: a generator per component, and for what belongs to a request a draw by its number. A value.
///
/// Whatever the policy, request 17 comes at the same instant, for the same host, and its first attempt takes as long:
/// common random numbers, so that policies differ only by what they decide.
struct Draws {
  private let seed: UInt64
  private var arrivals: Mix64
  /// For a baseline's own choices.
  var policy: Mix64

  init(seed: UInt64) {
    self.seed = Mix64.mix(seed &+ 0x5C01)
    arrivals = Mix64(seed: Mix64.mix(seed &+ 1))
    policy = Mix64(seed: Mix64.mix(seed &+ 2))
  }

  func generator(_ component: UInt64) -> Mix64 { Mix64(seed: Mix64.mix(seed &+ component &* 0x1_0001)) }

  /// The time to the next arrival of a Poisson stream; seconds.
  mutating func pause(rate: Double) -> Double { -log(1 - arrivals.unit()) / rate }

  /// 0 up to 1, for a request and a purpose.
  func unit(_ request: Int, _ purpose: UInt64) -> Double {
    Mix64.share(Mix64.mix(seed ^ Mix64.mix(UInt64(request) &* 64 &+ purpose)))
  }

  /// Lognormal with the given mean (not median).
  func lognormal(_ request: Int, _ purpose: UInt64, mean: Double, sigma: Double) -> Double {
    let a = max(1e-12, unit(request, purpose))
    let b = unit(request, purpose &+ 32)
    let normal = (-2 * log(a)).squareRoot() * cos(2 * Double.pi * b)
    return mean * exp(sigma * normal - sigma * sigma / 2)
  }
}

/// Which host a request is for, the first ones most often. A value: a table of cumulated weights.
struct Popularity {
  private var reached: [Double] = []

  /// - Parameter exponent: 0 for equally often, 1 for Zipf's law.
  init(hosts: Int, exponent: Double) {
    var sum = 0.0
    for host in 1...max(1, hosts) {
      sum += pow(Double(host), -exponent)
      reached.append(sum)
    }
    for index in reached.indices { reached[index] /= sum }
  }

  func host(_ share: Double) -> Int {
    var low = 0
    var high = reached.count - 1
    while low < high {
      let middle = (low + high) / 2
      if reached[middle] > share { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
