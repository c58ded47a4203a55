/// Which agent advertises which host.
extension Router {
  /// An agent's whole inventory: replaces what it advertised before.
  package mutating func inventoryReceived(_ agent: Int, _ inventory: [AdvertisedHost], now: Timestamp) {
    guard known(agent) else { return }
    var kept = Set<HostIndex>(minimumCapacity: inventory.count)
    var current: [HostIndex] = []
    current.reserveCapacity(inventory.count)
    for host in inventory {
      let index = advertise(host, by: agent)
      if kept.insert(index).inserted { current.append(index) }
    }
    for host in agents[agent].hosts where !kept.contains(host) { withdraw(host, from: agent) }
    agents[agent].hosts = current
  }

  /// What changed in an agent's inventory.
  package mutating func inventoryChanged(_ agent: Int, added: [AdvertisedHost], removed: [String], now: Timestamp) {
    guard known(agent) else { return }
    for host in added {
      let isNew = hostNames[host.name].map { route(of: agent, to: $0) == nil } ?? true
      let index = advertise(host, by: agent)
      if isNew { agents[agent].hosts.append(index) }
    }
    var gone = Set<HostIndex>()
    for name in removed {
      guard let index = hostNames[name] else { continue }
      gone.insert(index)
      withdraw(index, from: agent)
    }
    if !gone.isEmpty { agents[agent].hosts.removeAll { gone.contains($0) } }
  }

  /// The agent opened or closed its connections to a host, by its own report.
  package mutating func warmthChanged(_ agent: Int, host: HostIndex, isWarm: Bool) {
    guard let route = route(of: agent, to: host) else { return }
    hosts[Int(host.position)].routes[route].isWarm = isWarm
    if isWarm, hosts[Int(host.position)].routes[route].connect >= Route.failedPenalty {
      hosts[Int(host.position)].routes[route].connect = 0
    }
  }

  /// The number of hosts that anybody advertises.
  package var hostCount: Int { hostNames.count }

  func route(of agent: Int, to host: HostIndex) -> Int? {
    guard isCurrent(host) else { return nil }
    return hosts[Int(host.position)].routes.firstIndex { $0.agent == UInt16(truncatingIfNeeded: agent) }
  }

  private mutating func advertise(_ host: AdvertisedHost, by agent: Int) -> HostIndex {
    let index = hostNames[host.name] ?? enter(host.name)
    if let known = route(of: agent, to: index) {
      if let isWarm = host.isWarm { hosts[Int(index.position)].routes[known].isWarm = isWarm }
      return index
    }
    let hash = hosts[Int(index.position)].hash
    let score = Rendezvous.score(host: hash, agent: agents[agent].hash)
    let route = Route(agent: UInt16(truncatingIfNeeded: agent), isWarm: host.isWarm ?? false)
    var place = 0
    var end = hosts[Int(index.position)].routes.count
    while place < end {
      let middle = (place + end) / 2
      let other = Int(hosts[Int(index.position)].routes[middle].agent)
      if Rendezvous.score(host: hash, agent: agents[other].hash) >= score { place = middle + 1 } else { end = middle }
    }
    hosts[Int(index.position)].routes.insert(route, at: place)
    return index
  }

  private mutating func enter(_ name: String) -> HostIndex {
    let hash = Mix64.hash(name)
    let index: HostIndex
    if let free = freeHosts.popLast() {
      let generation = hosts[Int(free)].generation &+ 1
      hosts[Int(free)] = HostRecord(generation: generation, name: name, hash: hash, routes: [])
      index = HostIndex(position: free, generation: generation)
    } else {
      index = HostIndex(position: Int32(hosts.count), generation: 1)
      hosts.append(HostRecord(generation: 1, name: name, hash: hash, routes: []))
    }
    hostNames[name] = index
    return index
  }

  private mutating func withdraw(_ host: HostIndex, from agent: Int) {
    guard let route = route(of: agent, to: host) else { return }
    hosts[Int(host.position)].routes.remove(at: route)
    guard hosts[Int(host.position)].routes.isEmpty else { return }
    hostNames[hosts[Int(host.position)].name] = nil
    let generation = hosts[Int(host.position)].generation
    hosts[Int(host.position)] = HostRecord(generation: generation &+ 1, name: "", hash: 0, routes: [])
    freeHosts.append(host.position)
  }
}
