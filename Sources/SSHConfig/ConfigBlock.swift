/// Lines that apply together: from a Host or Match line, or the start or continuation of a file, to the next. A value.
struct ConfigBlock: Sendable {
  /// When the lines apply, besides that `guardBlock` must apply.
  enum Header: Sendable {
    case always
    /// As the block of that index: the lines after an Include, or an included file's before its first Host.
    case same(as: Int)
    case host(HostPatternList)
    case match(MatchCondition)

    var twin: Int? {
      if case .same(let other) = self { other } else { nil }
    }
  }

  struct Line: Sendable {
    let setting: Setting
    let number: Int
  }

  let header: Header
  /// The block whose Include line led here; it never applies when that one does not.
  let guardBlock: Int?
  let file: String
  /// Of the Host or Match line.
  let number: Int
  var lines: [Line] = []
}
