import Foundation
import SSH
import Testing

@testable import Agent
@testable import AgentAPI

/// What is told of a file.
@Suite struct FileInfoTests {
  @Test(arguments: [
    ("/", "/"), ("//", "/"), ("a", "a"), ("/a", "a"), ("/a/", "a"), ("/a//", "a"), ("/a/bc", "bc"), ("a/b", "b"),
    ("/etc/hosts", "hosts"),
  ])
  func theNameIsThePathsLastComponent(_ path: String, _ name: String) throws {
    let info = FileInfo(path: try RemotePath(path), attributes: FileAttributes())
    #expect(String(decoding: info.name, as: UTF8.self) == name)
  }
}
