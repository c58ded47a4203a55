import Agent
import AgentAPI
import Foundation
import Logging
import NIOCore
import NIOPosix
import SSH
import ServiceLifecycle
import UnixSignals

// An agent that runs any command, as a process that tests can kill: `scout agent` has no policy for that yet.
//
//     test-agent SSH_CONFIG STATE_FOLDER [PORT]

let logger = Logger(label: "test-agent", factory: { _ in SwiftLogNoOpLogHandler() })
let group = MultiThreadedEventLoopGroup.singleton
var settings = AgentSettings(name: "a", segment: "dc1", configPath: ProcessInfo.processInfo.arguments[1])
settings.stateFolder = ProcessInfo.processInfo.arguments[2]
settings.runsCommands = true
let agent = try Agent(
  settings: settings, pool: SSHPool(group: group, logger: logger), version: "test", logger: logger)
let port = ProcessInfo.processInfo.arguments.dropFirst(3).first.flatMap { Int($0) } ?? 0
let server = try await AgentServer.bind(agent, host: "127.0.0.1", port: port, tls: nil, group: group, logger: logger)
FileHandle.standardError.write(Data("msg=listening address=127.0.0.1:\(server.address.port ?? 0)\n".utf8))
try await ServiceGroup(
  services: [agent, server], gracefulShutdownSignals: [.sigterm], logger: logger
).run()
