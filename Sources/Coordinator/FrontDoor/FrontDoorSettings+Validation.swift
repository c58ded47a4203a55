import MCP
import NIOCore
import NIOPosix

/// Why these settings are not served: one line that names the setting, its value and what is allowed.
package struct FrontDoorSettingsError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }
}

/// Why the door does not open although its settings are sound: an address that is taken, or not there yet. It may pass.
package struct FrontDoorListenError: Error, Sendable, Hashable, CustomStringConvertible {
  package let message: String

  package var description: String { message }
}

extension FrontDoorSettings {
  /// Whether only this machine can connect.
  package var isLoopback: Bool {
    if host == "localhost" { return true }
    guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
    return switch address {
    case .v4: host.hasPrefix("127.")
    case .v6: host == "::1"
    case .unixDomainSocket: false
    }
  }

  /// Throws where serving would be unsafe or cannot work.
  package func validate() throws(FrontDoorSettingsError) {
    guard (0...65_535).contains(port) else {
      throw FrontDoorSettingsError("SCOUT_HTTP_PORT is \(port): allowed are 0 to 65535")
    }
    guard !isAuthenticated || !apiKeys.isEmpty else {
      throw FrontDoorSettingsError("SCOUT_AUTH_ENABLED is true but SCOUT_API_KEYS is empty: set at least one key")
    }
    guard isLoopback || behindProxy || (isAuthenticated && tls != nil) else {
      let missing = [isAuthenticated ? nil : "SCOUT_API_KEYS", tls == nil ? "--tls-cert and --tls-key" : nil]
      throw FrontDoorSettingsError(
        "SCOUT_HTTP_HOST is \(host), which other machines can reach: set \(missing.compactMap { $0 }.joined(separator: " and ")),"
          + " or --behind-proxy where a proxy in front does both, or use 127.0.0.1")
    }
    try check("the body limit", limits.body, 1024...(64 << 20))
    try check("the connection limit", limits.connections, 1...65_536)
    try check("the limit of calls at once", limits.calls, 1...65_536)
    try check("SCOUT_RATE_LIMIT_PER_MINUTE", limits.requestsPerMinute, 0...10_000_000)
    try check("SCOUT_RATE_LIMIT_BURST", limits.burst, 1...1_000_000)
    for name in allowedHosts where name != "*" && !OriginPolicy.isHostName(name) {
      throw FrontDoorSettingsError(
        "SCOUT_ALLOWED_HOSTS names \(name): write the name or address alone, without scheme and port, IPv6 in brackets, or *"
      )
    }
    for origin in allowedOrigins where !origin.contains("://") || origin.hasSuffix("/") {
      throw FrontDoorSettingsError(
        "\(origin) is not a valid origin: write scheme://host[:port], as browsers send it")
    }
  }

  private func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(FrontDoorSettingsError) {
    guard allowed.contains(value) else {
      throw FrontDoorSettingsError("\(name) is \(value): allowed are \(allowed.lowerBound) to \(allowed.upperBound)")
    }
  }

  /// Which Host and Origin are ours: the loopback names, the configured ones, and the address that is listened on (every
  /// address of this machine, when that is a wildcard; a name has to be configured).
  func originPolicy() -> OriginPolicy {
    let origins = Set(allowedOrigins)
    if allowedHosts.contains("*") || (behindProxy && allowedHosts.isEmpty) {
      return OriginPolicy(hosts: nil, origins: origins)
    }
    var addresses = [host]
    if host == "0.0.0.0" || host == "::" {
      let devices = (try? System.enumerateDevices()) ?? []
      addresses = devices.compactMap { $0.address?.ipAddress }
    }
    let literals = addresses.map { $0.contains(":") ? "[\($0)]" : $0 }
    return OriginPolicy(hosts: Set(allowedHosts + literals), origins: origins)
  }
}
