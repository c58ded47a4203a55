// swift-tools-version: 6.2
import PackageDescription

// The house: arrows point down only. A target can import what stands in its list and nothing else
// (`--explicit-target-dependency-import-check error`); ARCHITECTURE.md draws it.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]
/// For the two targets that hold C's pointers: every unsafe expression is marked where it stands. Elsewhere pointers are only borrowed, for
/// the length of a call.
let unsafeSettings = settings + [.strictMemorySafety()]
/// For decisions that tests try on hundreds of thousands of sequences: optimized in debug builds, too, where that takes minutes otherwise.
let optimizedSettings = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

extension Target.Dependency {
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioConcurrency = product(name: "NIOConcurrencyHelpers", package: "swift-nio")
  static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
  static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
  static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
  static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
  static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
  static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let logging = product(name: "Logging", package: "swift-log")
  static let configuration = product(name: "Configuration", package: "swift-configuration")
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let deque = product(name: "DequeModule", package: "swift-collections")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let system = product(name: "SystemPackage", package: "swift-system")
  static let x509 = product(name: "X509", package: "swift-certificates")
  static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
  static let httpClient = product(name: "AsyncHTTPClient", package: "async-http-client")
}

func target(
  _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = settings
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// Tests of `subject`, in `Tests/<subject>Tests`.
func tests(
  _ subject: Target.Dependency..., name: String, exclude: [String] = [], settings: [SwiftSetting] = settings
) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: subject, exclude: exclude, swiftSettings: settings)
}

let package = Package(
  name: "scout",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "scout", targets: ["scout"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(
      url: "https://github.com/apple/swift-configuration", from: "1.4.0",
      traits: [.defaults, "YAML"]),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    // The two engines: the C library made safe and sans-I/O. The only unsafe code.
    .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(name: "CSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
    target("Nghttp2", ["CNghttp2"], settings: unsafeSettings),
    target("Libssh2", ["CSSH2"], settings: unsafeSettings),

    target("EventLoopTasks", [.nioCore, .nioPosix]),
    target("SocketFaults", [.nioCore, .nioPosix]),

    // The link between coordinator and agent.
    target(
      "HTTP2", ["Nghttp2", "SocketFaults", .nioCore, .nioPosix, .nioConcurrency, .nioTLS, .nioSSL, .logging]),
    target("RPC", ["HTTP2", "EventLoopTasks", .nioCore, .deque, .logging]),
    target("AgentAPI", ["RPC", "HTTP2", .nioCore, .protobuf, .logging, .lifecycle]),
    target("Enrollment", [.x509, .asn1, .crypto, .system]),

    // Near the hosts.
    target("Pool", [.deque], settings: optimizedSettings),
    target("SSHConfig", [.crypto]),
    target(
      "SSH",
      [
        "Libssh2", "Pool", "SSHConfig", "SocketFaults", .nioCore, .nioPosix, .deque, .logging, .lifecycle,
      ]),
    // `Routing` for what an agent admits: pure, and it knows nothing of coordinators.
    target(
      "Agent",
      [
        "AgentAPI", "SSH", "SSHConfig", "Pool", "Routing", .nioCore, .nioPosix, .logging, .lifecycle, .crypto,
        .protobuf, .deque, .system,
      ]),

    // Near the client.
    target("MCP"),
    target("Routing", settings: optimizedSettings),
    target("Registry", [.httpClient, .nioCore, .nioPosix, .nioHTTP1, .nioSSL, .logging, .lifecycle]),
    target("Telemetry", [.logging]),
    target(
      "Coordinator",
      [
        "AgentAPI", "MCP", "Routing", "Telemetry", "EventLoopTasks", "SocketFaults", .hummingbirdCore, .hummingbirdTLS,
        .httpTypes, .nioCore, .nioPosix, .nioSSL, .logging, .lifecycle, .crypto, .deque,
      ]),

    .executableTarget(
      name: "scout",
      dependencies: [
        "Coordinator", "Routing", "Agent", "AgentAPI", "Enrollment", "Registry", "HTTP2", "SSH", "SSHConfig", "MCP",
        "Telemetry", "SocketFaults",
        .argumentParser,
        "Pool", .configuration, .system, .httpClient, .logging, .lifecycle, .unixSignals, .nioCore, .nioPosix,
        .nioHTTP1, .nioConcurrency, .nioSSL,
      ],
      swiftSettings: settings),

    // What the benchmarks measure the whole against.
    .executableTarget(
      name: "engine-benchmark", dependencies: ["SSH", "SSHConfig", .argumentParser, .nioPosix, .logging],
      path: "Tests/Benchmarks/EngineBenchmark", swiftSettings: settings),

    // `Routing` and `Pool` on a virtual clock, against other policies: the scenarios and their table.
    .target(
      name: "Simulation", dependencies: ["Routing", "Pool"], path: "Tests/Simulation/Engine",
      swiftSettings: optimizedSettings),
    .executableTarget(
      name: "scout-simulation", dependencies: ["Simulation", .argumentParser], path: "Tests/Simulation/Tool",
      swiftSettings: settings),
    // What a fleet costs a coordinator's directory, and its reports on the wire. Apart: it needs all that `Coordinator` does.
    .executableTarget(
      name: "scout-scale", dependencies: ["Simulation", "Coordinator", "AgentAPI", .protobuf],
      path: "Tests/Simulation/Directory", swiftSettings: settings),

    // An agent that runs any command, for tests that kill it.
    .executableTarget(
      name: "test-agent",
      dependencies: ["Agent", "AgentAPI", "SSH", .nioCore, .nioPosix, .logging, .lifecycle, .unixSignals],
      path: "Tests/AgentProcess", swiftSettings: settings),

    // Tests. Those that need hosts start their own sshd by `TestFleet`.
    .target(
      name: "TestFleet", dependencies: [.nioCore, .nioPosix], path: "Tests/TestFleet", swiftSettings: settings),
    tests("Nghttp2", name: "Nghttp2"),
    tests("Libssh2", "TestFleet", .nioCore, name: "Libssh2"),
    tests("HTTP2", "Nghttp2", "TestFleet", .nioCore, .nioPosix, .nioConcurrency, .logging, name: "HTTP2"),
    tests("RPC", "HTTP2", "TestFleet", .nioCore, .nioPosix, .logging, name: "RPC"),
    tests(
      "AgentAPI", "RPC", "HTTP2", "TestFleet", .nioCore, .nioPosix, .protobuf, .logging, .lifecycle, name: "AgentAPI",
      exclude: ["Python"]),
    tests(
      "Enrollment", "HTTP2", "TestFleet", .x509, .asn1, .crypto, .system, .nioCore, .nioPosix, .logging,
      name: "Enrollment"),
    tests("EventLoopTasks", .nioCore, .nioPosix, name: "EventLoopTasks"),
    tests("MCP", name: "MCP"),
    tests("Routing", name: "Routing", settings: optimizedSettings),
    tests("Registry", "TestFleet", .httpClient, .nioCore, .nioPosix, .logging, .lifecycle, name: "Registry"),
    tests("Simulation", name: "Simulation", settings: optimizedSettings),
    tests("Telemetry", .logging, name: "Telemetry"),
    tests(
      "Coordinator", "AgentAPI", "MCP", "Routing", "Telemetry", "TestFleet", .nioCore, .nioPosix, .nioHTTP1, .nioSSL,
      .nioConcurrency, .logging, .lifecycle, name: "Coordinator"),
    tests("Pool", name: "Pool", settings: optimizedSettings),
    tests("SSHConfig", "TestFleet", name: "SSHConfig"),
    tests(
      "SSH", "SSHConfig", "Pool", "Libssh2", "TestFleet", .nioCore, .nioPosix, .nioEmbedded, .nioConcurrency, .logging,
      .lifecycle, .crypto, name: "SSH"),
    tests(
      "Agent", "AgentAPI", "Routing", "SSH", "SSHConfig", "TestFleet", .nioCore, .nioPosix, .logging, name: "Agent"),
    tests("SocketFaults", "TestFleet", .nioCore, .nioPosix, name: "SocketFaults"),
    tests("TestFleet", name: "TestFleet"),
    tests(
      "scout", "test-agent", "Coordinator", "Agent", "AgentAPI", "Enrollment", "MCP", "Pool", "Registry", "SSH",
      "Telemetry", "TestFleet", .system, .nioPosix, .nioCore, .lifecycle, .logging, name: "Scout"),
  ]
)
