extension Setting {
  // MARK: What both commands know

  static let sshConfig = Setting(
    "ssh_config", .text,
    "The ssh_config(5) file that names the hosts; without it ~/.ssh/config, then /etc/ssh/ssh_config")
  static let knownHosts = Setting(
    "known_hosts", .text, "The known_hosts file of all hosts, instead of UserKnownHostsFile")
  static let strictHostKeyChecking = Setting(
    "strict_host_key_checking", .choice(["yes", "accept-new", "no", "true", "false"]),
    "What to do with unknown host keys, instead of StrictHostKeyChecking; changed keys are refused unless it is no")
  static let allowlist = Setting(
    "allowlist", .list, "Host names, with * and ? for any characters: only these hosts are served")
  static let blocklist = Setting(
    "blocklist", .list, "Host names, with * and ? for any characters: these hosts are not served")
  static let labels = Setting(
    "labels", .list, "Labels for hosts, as HOSTS:KEY=VALUE, for example web*:role=web")
  static let commandTimeout = Setting(
    "command_timeout", .integer(1...3600, unit: "seconds"), standard: "30",
    "Longest time a command may run on a host; also the time of a whole call that names none, up to 600")
  static let idleTimeout = Setting(
    "idle_timeout", .integer(1...86_400, unit: "seconds"), standard: "300",
    "An SSH connection that is idle for so long is closed")
  static let maxPoolSize = Setting(
    "max_pool_size", .integer(1...65_536, unit: ""), standard: "256", "Most SSH connections at once, over all hosts")
  static let sshPassword = Setting(
    "ssh_password", .text, isSecret: true,
    "Password for hosts that ask for one, after keys were tried; the same for all hosts")
  static let sshKeyPassphrase = Setting(
    "ssh_key_passphrase", .text, isSecret: true, "Passphrase of encrypted key files; the same for all of them")
  static let logLevel = Setting(
    "log_level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), standard: "info",
    "The least important log lines that are written")
  static let logFormat = Setting(
    "log_format", .choice(["logfmt", "json"]), standard: "logfmt", "How a log line is written to standard error")
  static let eventLoops = Setting(
    "event_loops", .integer(0...256, unit: "threads"), standard: "0",
    "Threads that serve connections; 0 means one per two processors, at least one")
  static let segment = Setting("segment", .text, standard: "local", "The network segment that the agent serves")

  // MARK: The coordinator

  static let transport = Setting(
    "transport", .choice(["http", "stdio"]), standard: "http", "Transport for MCP clients")
  static let httpHost = Setting(
    "http_host", .text, standard: "127.0.0.1",
    "Address to listen on; beyond loopback it needs API keys and TLS, or --behind-proxy")
  static let httpPort = Setting(
    "http_port", .integer(0...65_535, unit: ""), standard: "8000", "TCP port to listen on; 0 takes a free one")
  static let tlsCert = Setting("tls_cert", .text, "PEM file with the certificate and its chain")
  static let tlsKey = Setting("tls_key", .text, "PEM file with the certificate's private key")
  static let behindProxy = Setting(
    "behind_proxy", .flag, standard: "false",
    "A reverse proxy terminates TLS and lets only its users in: plaintext and no API keys are then allowed beyond loopback, and any Host header unless --allowed-hosts names them; limits without keys count by the last address of X-Forwarded-For"
  )
  static let apiKeys = Setting(
    "api_keys", .list, isSecret: true,
    "Keys of which a client must send one, in X-API-Key or Authorization: Bearer; each is written key or label:key, and the label is the client's name in logs and limits"
  )
  static let authEnabled = Setting(
    "auth_enabled", .flag, "Ask for an API key; true when there are keys, and an error without any")
  static let allowedOrigins = Setting(
    "allowed_origins", .list, "Origins of browser clients that may call, beside loopback ones")
  static let allowedHosts = Setting(
    "allowed_hosts", .list, "Host names that requests may use, beside the bound one; * for any")
  static let rateLimitPerMinute = Setting(
    "rate_limit_per_minute", .integer(0...10_000_000, unit: "requests"), standard: "0",
    "Requests of one client in a minute; 0 for no limit")
  static let rateLimitBurst = Setting(
    "rate_limit_burst", .integer(1...1_000_000, unit: "requests"), standard: "100",
    "Requests of one client at once before the rate limit counts")
  static let maxConcurrentRequests = Setting(
    "max_concurrent_requests", .integer(1...65_536, unit: "requests"), standard: "4096",
    "Requests under way at once; more are answered 503")
  static let maxBodySize = Setting(
    "max_body_size", .integer(1024...67_108_864, unit: "bytes"), standard: "4194304", "A request's body at most")
  static let maxFileSize = Setting(
    "max_file_size", .integer(1...67_108_864, unit: "bytes"), standard: "1048576",
    "Content of one file that one answer carries at most; what is cut says how to go on")
  static let slowThreshold = Setting(
    "slow_threshold_ms", .integer(0...3_600_000, unit: "milliseconds"), standard: "1000",
    "A call that takes longer is logged as a warning; 0: none is")
  static let logPayloads = Setting(
    "log_payloads", .flag, standard: "false", "Log the arguments of each call, 2048 bytes at most")
  static let agents = Setting(
    "agent", .list,
    "An agent, as SEGMENT=https://HOST:PORT (http:// on loopback only); append #1 to #3 to mark a standby; repeatable"
  )
  static let agentCA = Setting(
    "agent_ca", .text, "PEM file with the authority that agents' certificates are checked by")
  static let agentCert = Setting("agent_cert", .text, "PEM file with the certificate shown to agents")
  static let agentKey = Setting("agent_key", .text, "PEM file with that certificate's private key")
  static let agentListen = Setting(
    "agent_listen", .text,
    "HOST:PORT where agents dial in; beyond loopback it needs --pki, or the files of --agent-ca, --agent-cert and --agent-key"
  )
  static let pki = Setting(
    "pki", .text,
    "Folder of the authority that `scout pki init` made, or of a certificate that `scout pki issue` made: links are secured by it, and agents join by the authority's tokens"
  )
  static let enrollListen = Setting(
    "enroll_listen", .text, "HOST:PORT where agents join and renew their certificates; needs --pki")
  static let etcd = Setting(
    "etcd", .list,
    "Client URLs of etcd, by which several coordinators share the agents they were told of; without it each knows its own"
  )
  static let etcdCA = Setting(
    "etcd_ca", .text, "PEM file with the authority of etcd's certificates, instead of the system's")
  static let etcdCert = Setting("etcd_cert", .text, "PEM file with the certificate shown to etcd")
  static let etcdKey = Setting("etcd_key", .text, "PEM file with that certificate's private key")
  static let etcdUser = Setting("etcd_user", .text, "User of etcd's own authentication")
  static let etcdPassword = Setting("etcd_password", .text, isSecret: true, "Password of the user of --etcd-user")
  static let etcdSnapshot = Setting(
    "etcd_snapshot", .text, "File for the last shared agents, to start with while etcd is away")
  static let embeddedAgent = Setting(
    "embedded_agent", .flag, standard: "true", "Serve the hosts of this user's ssh_config within this process")

  // MARK: The agent

  static let listen = Setting(
    "listen", .text, standard: "127.0.0.1:7443",
    "HOST:PORT to listen on; beyond loopback it needs agent join or the three TLS files; with --coordinator only where given"
  )
  static let healthListen = Setting(
    "health_listen", .text,
    "HOST:PORT that answers gRPC health checks, in plaintext and nothing else, for orchestrators' probes")
  static let coordinators = Setting(
    "coordinators", .list, flag: "--coordinator",
    "A coordinator to dial, as HOST:PORT, or NAME=HOST:PORT where its certificate holds another name; may be given several times"
  )
  static let agentName = Setting(
    "name", .text, "The agent's name, unique within its segment; the machine's name without it")
  static let priority = Setting(
    "priority", .integer(0...3, unit: ""), standard: "0",
    "What the agent says to coordinators that it dials: 1 to 3 mark a standby, as #1 to #3 of --agent")
  static let checkInterval = Setting(
    "check_interval", .integer(0...86_400, unit: "seconds"), standard: "600",
    "A host not heard of for so long gets an SSH handshake, at most two a second; 0: only real use tells how hosts are; the coordinator's embedded agent does so only where it is given"
  )
  static let tlsCA = Setting(
    "tls_ca", .text, "PEM file with the authority that coordinators' certificates are checked by")
  static let stateDir = Setting(
    "state_dir", .text,
    "Folder for what the agent keeps: the certificate of agent join, and the journal of commands with effects, which no tool offers yet"
  )

  /// Of `scout coordinator`, in the order of its help.
  static let coordinator: [Setting] = [
    transport, httpHost, httpPort, tlsCert, tlsKey, behindProxy, apiKeys, authEnabled, allowedOrigins, allowedHosts,
    rateLimitPerMinute, rateLimitBurst, maxConcurrentRequests, maxBodySize, maxFileSize, slowThreshold, logPayloads,
    agents, agentCA,
    agentCert, agentKey, agentListen, pki, enrollListen, etcd, etcdCA, etcdCert, etcdKey, etcdUser, etcdPassword,
    etcdSnapshot, embeddedAgent, checkInterval,
  ]
  /// Of `scout agent`.
  static let agent: [Setting] = [
    listen, healthListen, coordinators, agentName, priority, checkInterval, tlsCA, tlsCert, tlsKey, stateDir,
  ]
  /// Of both, and of the commands that work in their own process.
  static let shared: [Setting] = [
    sshConfig, knownHosts, strictHostKeyChecking, allowlist, blocklist, labels, commandTimeout, idleTimeout,
    maxPoolSize, eventLoops, sshPassword, sshKeyPassphrase, segment, logLevel, logFormat,
  ]
  /// Those that are no flags, for the help of a command that knows them: a line each.
  static func secrets(of settings: [Setting]) -> String {
    settings.filter(\.isSecret).map { "  \($0.help)" }.joined(separator: "\n")
  }

  /// Each once.
  static let all = coordinator + shared + agent.filter { !coordinator.contains($0) }
}
