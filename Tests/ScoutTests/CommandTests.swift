import Foundation
import MCP
import TestFleet
import Testing

extension EndToEnd {
  /// The commands for a person at a terminal: what they print and how they end.
  @Suite struct CommandTests {
    @Test func theFourToolsInProcess() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        try Data("content\n".utf8).write(to: fleet.files.appending(path: "f"))
        let config = ["--ssh-config", fleet.configPath]
        let hosts = try await ScoutProcess.run(["hosts"] + config)
        #expect(hosts.code == 0 && hosts.output.contains("host1") && hosts.errors.isEmpty, "\(hosts)")
        let names = try await ScoutProcess.run(["hosts", "--names"] + config)
        #expect(names.output == "host1\nhost2\n")
        let read = try await ScoutProcess.run(["read", "*:\(fleet.files.path)/f"] + config)
        #expect(read.code == 0 && read.output.contains("2 of 2 answered") && read.output.contains("content"), "\(read)")
        let list = try await ScoutProcess.run(["list", "host1:\(fleet.files.path)"] + config)
        #expect(list.code == 0 && list.output.contains("f"), "\(list)")
        let query = try await ScoutProcess.run(
          ["query", "host1", "host2"] + config + ["--", "wc", "-l", fleet.files.path + "/f"])
        #expect(query.code == 0 && query.output.contains("1 \(fleet.files.path)/f"), "\(query)")
        let line = try await ScoutProcess.run(
          ["query", "host1"] + config + ["--", "grep -c 'content' \(fleet.files.path)/f"])
        #expect(line.code == 0 && line.output.contains("1"), "\(line)")
      }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aSignalEndsWhatTheCommandRunsOnTheHost(signal: Int32) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let query = try ScoutProcess([
          "query", "host1", "--ssh-config", fleet.configPath, "--timeout-ms", "60000", "--", "cat", fifo,
        ])
        try await until { processes(mentioning: fifo) > processes(mentioning: "--timeout-ms") }
        query.signal(signal)
        #expect(try await query.end() == 128 + signal, "\(query.errors)")
        try await until { processes(mentioning: fifo) == 0 }
      }
    }

    @Test func outputThatNobodyTakesIsNoCrash() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        try Data(count: 1 << 20).write(to: fleet.files.appending(path: "f"))
        let scout = "\"$1\" read \"$2\" --ssh-config \"$3\""
        func ending(_ script: String) async throws -> (status: Int32, output: String) {
          try await programRun(
            "/bin/sh",
            ["-c", script, "sh", ScoutProcess.binary.path, "host1:\(fleet.files.path)/f", fleet.configPath])
        }
        for raw in ["", " --raw"] {
          let full = try await ending("\(scout)\(raw) >/dev/full")
          #expect(full.status == 1 && full.output.contains("cannot be written"), "\(full)")
          let gone = try await ending("{ \(scout)\(raw); echo $? >&2; } | head -c 5 >/dev/null")
          #expect(gone.output == "141\n", "\(gone)")
        }
      }
    }

    /// A pager that waits for its user, a terminal that was stopped.
    @Test(arguments: [[], ["--raw"]])
    func aReaderThatDoesNotReadKeepsNoCommandAlive(_ raw: [String]) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        try Data(repeating: 0x61, count: 900_000).write(to: fleet.files.appending(path: "f"))
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = ScoutProcess.binary
        process.arguments =
          ["read", "host1:\(fleet.files.path)/f", "--ssh-config", fleet.configPath]
          + (raw.isEmpty ? ["--limit", "900000"] : raw)
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await until {
          var waiting: CInt = 0
          return ioctl(pipe.fileHandleForReading.fileDescriptor, UInt(FIONREAD), &waiting) == 0 && waiting > 32_768
        }
        kill(process.processIdentifier, SIGTERM)
        try await until(within: .seconds(6)) { !process.isRunning }
        let status = process.terminationStatus + (process.terminationReason == .exit ? 0 : 128)
        #expect(status == 128 + SIGTERM)
      }
    }

    @Test(arguments: [
      "http://127.0.0.1:65536/mcp", "127.0.0.1:8000", "ftp://h/mcp", "http:///mcp", "http://u:secret@h:1/mcp",
    ])
    func anURLThatIsNoneIsAUsageError(url: String) async throws {
      let usage = try await ScoutProcess.run(["read", "host1:/x", "--url", url])
      #expect(usage.code == 2 && usage.errors.contains("--url") && !usage.errors.contains("secret"), "\(usage)")
    }

    @Test func aKeyThatIsNoneIsNotShown() async throws {
      let ended = try await ScoutProcess.run(
        ["hosts", "--url", "http://127.0.0.1:1/mcp"], environment: ["SCOUT_API_KEY": "hunter2\nx"])
      #expect(
        ended.code == 2 && ended.errors.contains("SCOUT_API_KEY") && !ended.errors.contains("hunter2"), "\(ended)")
    }

    @Test func aConfigurationThatCannotBeUsedIsSaid() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let config = fleet.directory.appending(path: "broken").path
        try "Host a\n  Port many\n".write(toFile: config, atomically: true, encoding: .utf8)
        let read = try await ScoutProcess.run(["read", "a:/x", "--ssh-config", config, "--timeout-ms", "60000"])
        #expect(read.code == 1 && read.output.contains("broken:2"), "\(read)")
      }
    }

    /// More than one answer of the tool holds.
    @Test func namesAloneAreAllThereAre() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let config = fleet.directory.appending(path: "many").path
        try (0..<3000).map { "Host host-with-a-name-\($0)\n" }.joined().write(
          toFile: config, atomically: true, encoding: .utf8)
        let names = try await ScoutProcess.run(["hosts", "--names", "--ssh-config", config])
        #expect(names.code == 0 && names.output.split(separator: "\n").count == 3000, "\(names.output.suffix(200))")
      }
    }

    @Test func namesAloneSayWhyThereAreNone() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let config = ["--ssh-config", fleet.configPath]
        let none = try await ScoutProcess.run(["hosts", "--names", "bad["] + config)
        #expect(none.code == 2 && none.output.isEmpty && none.errors.contains("Pattern 'bad['"), "\(none)")
        let doctor = try await ScoutProcess.run(["doctor", "bad["] + config)
        #expect(doctor.code == 2 && doctor.errors.contains("bad["), "\(doctor)")
        let both = try await ScoutProcess.run(["hosts", "--names", "--json"] + config)
        #expect(both.code == 2 && both.errors.contains("--names"), "\(both)")
      }
    }

    /// A coordinator with a certificate that no system knows.
    @Test func aPrivateAuthorityIsNamed() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        func path(_ name: String) -> String { fleet.directory.appending(path: name).path }
        for name in ["door", "other"] {
          try await run(
            "/usr/bin/openssl",
            [
              "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "5", "-subj",
              "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path("\(name).key"), "-out",
              path("\(name).pem"),
            ])
        }
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--ssh-config", fleet.configPath, "--tls-cert", path("door.pem"),
          "--tls-key", path("door.key"),
        ])
        let url = ["--url", "https://127.0.0.1:\(try await coordinator.port())/mcp"]
        for command in [
          ["read", "host1:/etc/hostname"], ["list", "host1:/etc"], ["query", "host1"], ["hosts"], ["route", "host1"],
        ] {
          let end = command[0] == "query" ? ["--", "true"] : []
          let known = try await ScoutProcess.run(command + url + ["--ca", path("door.pem")] + end)
          #expect(known.code == 0, "\(known)")
        }
        for roots in [[], ["--ca", path("other.pem")]] {
          let unknown = try await ScoutProcess.run(["hosts"] + url + roots)
          #expect(unknown.code == 1 && unknown.errors.contains("no answer from \(url[1])"), "\(unknown)")
        }
        for (wrong, words) in [
          (url + ["--ca", "/none.pem"], "/none.pem"), (url + ["--ca", path("door.key")], "PEM file of certificates"),
          (["--url", "http://127.0.0.1:1/mcp", "--ca", path("door.pem")], "https"),
          (["--ca", path("door.pem")], "--url"),
        ] {
          let refused = try await ScoutProcess.run(["hosts"] + wrong)
          #expect(refused.code == 2 && refused.errors.contains(words), "\(refused)")
        }
      }
    }

    @Test func rawErrorsAreWords() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let missing = try await ScoutProcess.run(["read", "--raw", "host1:/none", "--ssh-config", fleet.configPath])
        #expect(missing.code == 1 && missing.errors.contains("[not_found"), "\(missing)")
        #expect(!missing.errors.contains("HostFailure"))
      }
    }

    @Test func slowCallsAndArgumentsAreLoggedWhereWanted() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let settings = ["coordinator", "--http-port", "0", "--ssh-config", fleet.configPath]
        let wordy = try ScoutProcess(
          settings + ["--log-payloads", "--slow-threshold-ms", "1"], environment: ["SCOUT_ENABLE_UI": "true"])
        let quiet = try ScoutProcess(settings + ["--slow-threshold-ms", "0"])
        for coordinator in [wordy, quiet] {
          let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
          #expect(try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url]).code == 0)
        }
        for words in ["msg=\"slow call\"", "msg=payload", "host1:/etc/hostname", "SCOUT_ENABLE_UI has no effect"] {
          try await until { wordy.errors.contains(words) }
        }
        #expect(!quiet.errors.contains("slow call") && !quiet.errors.contains("payload"), "\(quiet.errors)")
      }
    }

    @Test func jsonIsTheData() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let read = try await ScoutProcess.run(
          ["read", "host1:/etc/hostname", "--json", "--ssh-config", fleet.configPath])
        let answer = try JSON(parsing: Array(read.output.utf8))
        #expect(answer["summary"]?["ok"] == 1 && answer["groups"]?.array?.count == 1)
      }
    }

    @Test func theExitCodeTellsWhetherAllAnswered() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let config = ["--ssh-config", fleet.configPath]
        let some = try await ScoutProcess.run(["read", "host1:/etc/hostname", "host1:/none"] + config)
        #expect(some.code == 1 && some.output.contains("not_found"), "\(some)")
        let usage = try await ScoutProcess.run(["read"] + config)
        #expect(usage.code == 2 && usage.errors.contains("targets"), "\(usage)")
        let unknown = try await ScoutProcess.run(["read", "--nonsense", "x"] + config)
        #expect(unknown.code == 2, "\(unknown)")
        for wrong in [
          ["read", "host1"], ["read", "host1:/x", "--head", "0"], ["read", "host1:/x", "--encoding", "runes"],
          ["list", "host1:/x", "--depth", "0"], ["list", "host1:/x", "--depth", "65"],
          ["list", "host1:/x", "--limit", "20000"],
          ["read", "host1:/x", "--timeout-ms", "5"], ["query", "host1", "true"],
          ["list", "host1:/x", "--sort", "luck"],
          ["query", "host1:/x", "--", "true"], ["hosts", "host1:/x"], ["route", "[", "--json"],
        ] {
          let refused = try await ScoutProcess.run(wrong + config)
          #expect(refused.code == 2, "\(wrong): \(refused)")
        }
        let data = try await ScoutProcess.run(["read", "host1:/none", "--json"] + config)
        #expect(data.code == 1 && data.output.contains("\"code\":\"not_found\""), "\(data)")
        let digest = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--sha256", "--json"] + config)
        #expect(digest.code == 0 && digest.output.contains("\"sha256\""), "\(digest)")
        let noCommand = try await ScoutProcess.run(["query", "host1"] + config)
        #expect(noCommand.code == 2 && noCommand.errors.contains("--"), "\(noCommand)")
      }
    }

    @Test func rawIsTheFileToTheLastByte() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
        let copy = fleet.directory.appending(path: "copy").path
        try bytes.write(to: fleet.files.appending(path: "big"))
        try await run(
          "/bin/sh",
          [
            "-c", "\"$1\" read --raw \"host1:$2/big\" --ssh-config \"$3\" > \"$4\"", "sh", ScoutProcess.binary.path,
            fleet.files.path, fleet.configPath, copy,
          ])
        #expect(FileManager.default.contents(atPath: copy) == bytes)
      }
    }

    @Test(arguments: [
      (["coordinator", "--http-port", "70000"], "0 to 65535"),
      (["coordinator", "--transport", "carrier-pigeon"], "stdio"),
      (["coordinator", "--http-host", "0.0.0.0"], "--behind-proxy"),
      (["coordinator", "--agent", "nowhere"], "SEGMENT="),
      (["coordinator", "--agent", "a=https://10.0.0.1:7443"], "--agent-ca"),
      (["coordinator", "--no-embedded-agent"], "--agent"), (["coordinator", "--ssh-config", "/none"], "/none"),
      (["coordinator", "--auth-enabled"], "SCOUT_API_KEYS"), (["agent", "--listen", "7443"], "HOST:PORT"),
      (["agent", "--listen", "0.0.0.0:0"], "loopback"), (["coordinator", "--config", "/none.yaml"], "/none.yaml"),
    ])
    func aBadSettingStopsTheStartWithOneLine(_ arguments: [String], _ says: String) async throws {
      let result = try await ScoutProcess.run(arguments)
      #expect(result.code == 2 && result.errors.contains(says), "\(result)")
      #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test func flagOverEnvironmentOverFile() async throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "scout-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let file = folder.appending(path: "scout.yaml").path
      try "http_port: 70001\n".write(toFile: file, atomically: true, encoding: .utf8)
      let fromFile = try await ScoutProcess.run(["coordinator", "--config", file])
      #expect(fromFile.errors.contains("70001"))
      let environment = ["SCOUT_HTTP_PORT": "70002", "SCOUT_CONFIG": file]
      let fromEnvironment = try await ScoutProcess.run(["coordinator"], environment: environment)
      #expect(fromEnvironment.errors.contains("70002"))
      let fromFlag = try await ScoutProcess.run(["coordinator", "--http-port", "70003"], environment: environment)
      #expect(fromFlag.errors.contains("70003"))
    }
  }
}
