import Telemetry

/// What a call over hosts came to. A value.
///
/// Every host that was asked is in exactly one group or failure.
package struct Answer<Body: Sendable>: Sendable {
  /// Hosts that gave the same answer, and the answer once. Largest first: outliers are seen at once.
  package var groups: [AnswerGroup<Body>]
  /// In the order of the targets.
  package var failures: [HostFailure]
  package var summary: AnswerSummary
}

package struct AnswerGroup<Body: Sendable>: Sendable {
  /// In the order of the targets.
  package var hosts: [String]
  /// What was asked for; nil for a command.
  package var path: String?
  package var body: Body
}

/// Counts of hosts, or of (host, path) pairs where a call asks for several paths.
package struct AnswerSummary: Sendable, Hashable {
  package var asked: Int
  package var ok: Int
  package var failed: Int
}

/// A file, or a part of one.
package struct FileContent: Sendable, Hashable {
  package enum Encoding: String, Sendable, CaseIterable {
    case text
    case base64
  }

  /// As `encoding` says.
  package var content: String
  package var encoding: Encoding
  /// Of the whole file, in bytes.
  package var size: Int64
  /// Of the content's first byte.
  package var offset: Int64
  /// More was asked for than is here.
  package var truncated: Bool
  /// Where to go on.
  package var nextOffset: Int64?
  package var modified: SharedTime
  /// Of the bytes read, in hexadecimal.
  package var sha256: String?
  /// How to get what was cut, and what else the reader must know.
  package var note: String?
}

/// The entries of a directory, or of a tree.
package struct Listing: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    /// Relative to the listed path. Bytes that are not UTF-8 stand as U+FFFD; `exactName` has them.
    package var name: String
    /// In base64, where it is not UTF-8.
    package var exactName: String?
    package var type: String
    package var size: Int64
    /// Permission bits in octal: `0644`.
    package var mode: String
    package var modified: SharedTime
    package var linkTarget: String?
    /// In base64, where it is not UTF-8.
    package var exactLinkTarget: String?
    /// Why the entries of this directory are not here, as a failure code.
    package var error: String?
  }

  package var entries: [Entry]
  package var truncated: Bool
  /// Entries found, shown or not; at least so many where the agent stopped looking.
  package var total: Int64
  package var note: String?
}

/// What a command printed and how it ended.
package struct CommandResult: Sendable, Hashable {
  package var exitCode: Int32?
  package var signal: String?
  package var stdout: String
  package var stderr: String
  /// Either of them is base64 because it is not UTF-8.
  package var encoding: FileContent.Encoding
  package var truncated: Bool
  /// The slowest host of the group.
  package var durationMS: Int64
  package var note: String?
}

/// A modification time of the same thing on several hosts. Answers fold although these differ. A value.
package struct SharedTime: Sendable, Hashable {
  /// Seconds since 1970-01-01T00:00:00Z.
  package var oldest: Int64
  package var newest: Int64

  package init(_ seconds: Int64) {
    oldest = seconds
    newest = seconds
  }

  package mutating func join(_ seconds: Int64) {
    oldest = min(oldest, seconds)
    newest = max(newest, seconds)
  }

  var isOne: Bool { oldest == newest }
  /// As RFC 3339.
  var oldestText: String { Timestamp(seconds: Int(oldest)).wholeSeconds }
  var newestText: String { Timestamp(seconds: Int(newest)).wholeSeconds }
}
