/// Divides a budget among claims: small ones get all they ask for, and what they leave goes to the large ones evenly.
package enum FairShare {
  /// - Returns: for each claim how much it gets, in the same order; the sum is at most `budget`.
  package static func divide(_ budget: Int, among claims: [Int]) -> [Int] {
    var shares = claims
    var left = budget
    var waiting = claims.count
    for index in claims.indices.sorted(by: { claims[$0] < claims[$1] }) {
      let share = min(claims[index], max(0, left) / waiting)
      shares[index] = share
      left -= share
      waiting -= 1
    }
    return shares
  }
}
