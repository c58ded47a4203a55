import Coordinator

extension FrontDoorSettings {
  init(_ settings: SettingsReader) throws {
    self.init()
    host = settings.text(.httpHost) ?? host
    port = try settings.integer(.httpPort)
    do {
      apiKeys = try APIKey.list(settings.list(.apiKeys).joined(separator: ","))
    } catch {
      throw SettingsError(error.message)
    }
    authEnabled = try settings.flag(.authEnabled)
    allowedHosts = settings.list(.allowedHosts)
    allowedOrigins = settings.list(.allowedOrigins)
    switch (settings.text(.tlsCert), settings.text(.tlsKey)) {
    case (let certificate?, let key?): tls = TLSFiles(certificate: certificate, key: key)
    case (nil, nil): break
    default: throw SettingsError("\(Setting.tlsCert.flag) and \(Setting.tlsKey.flag) go together: give both")
    }
    behindProxy = try settings.flag(.behindProxy) ?? false
    limits.body = try settings.integer(.maxBodySize)
    limits.calls = try settings.integer(.maxConcurrentRequests)
    // A connection has one request at a time: those beyond the bound are to hear of it, and streams stand beside them.
    limits.connections = min(limits.calls + limits.connections, 65_536)
    limits.requestsPerMinute = try settings.integer(.rateLimitPerMinute)
    limits.burst = try settings.integer(.rateLimitBurst)
  }
}
