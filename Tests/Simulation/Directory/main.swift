import Simulation

// What a fleet costs the coordinator's directory and its reports on the wire, as a Markdown table. `scout-simulation --scale` tells the
// same of routing. Figures of time mean something in an optimized build only: swift run -c release scout-scale

if let row = CommandLine.arguments.dropFirst().first.flatMap({ Int($0) }), DirectoryScale.sizes.indices.contains(row) {
  let (coordinators, agents, hosts, ways) = DirectoryScale.sizes[row]
  print(try DirectoryScale(coordinators: coordinators, agents: agents, hosts: hosts, ways: ways).markdown)
} else {
  print(DirectoryScale.head)
  for row in DirectoryScale.sizes.indices { print(Scale.lines(with: "\(row)")?.joined(separator: "\n") ?? "") }
}
