"""What the coordinator itself says while the load runs: its tool `route` and its metrics."""

import asyncio
import dataclasses

PERIOD = 0.02  # seconds between two questions


@dataclasses.dataclass
class Sight:
    """One answer of `route`: where a read of this host would have gone at that time."""

    time: float
    host: str
    chosen: str
    standings: dict


class Observer:
    """Asks `route` of one host after another until it is cancelled. It asks the coordinator only, no agent."""

    def __init__(self, connections, hosts, clock):
        self.connections = connections
        self.hosts = hosts
        self.clock = clock
        self.sights = []

    async def run(self):
        number = 0
        while True:
            host = self.hosts[number % len(self.hosts)]
            number += 1
            answer = await self.connections.call("route", {"host": host})
            if content := answer.get("result", {}).get("structuredContent"):
                standings = {agent["name"]: agent["standing"] for agent in content["agents"]}
                self.sights.append(Sight(self.clock(), host, content.get("chosen", ""), standings))
            await asyncio.sleep(PERIOD)

    def share(self, agent, begin, end):
        """The share of choices from `begin` to `end` that fell on the agent; None without any."""
        seen = [sight.chosen == agent for sight in self.sights if begin <= sight.time < end]
        return sum(seen) / len(seen) if seen else None

    def left(self, agent, begin, end):
        """Seconds from `begin` until no host's reads would go to the agent any more; None: some did until `end`."""
        last = {}
        for sight in self.sights:
            if sight.time >= end:
                break
            last[sight.host] = sight.chosen
            if sight.time >= begin and agent not in last.values():
                return sight.time - begin
        return None

    def standing(self, agent, begin, end):
        """Seconds from `begin` until the agent was no longer called usable, and what it was called; None: it always was."""
        for sight in self.sights:
            if begin <= sight.time < end and sight.standings.get(agent, "usable") != "usable":
                return sight.time - begin, sight.standings[agent]
        return None

    def usable(self, agent, begin):
        """Seconds from `begin` until the agent was called usable; None: it never was."""
        for sight in self.sights:
            if sight.time >= begin and sight.standings.get(agent) == "usable":
                return sight.time - begin
        return None

    def used(self, agent, begin):
        """Seconds from `begin` until reads of some host would go to the agent; None: none did."""
        for sight in self.sights:
            if sight.time >= begin and sight.chosen == agent:
                return sight.time - begin
        return None


async def routing_counters(connections):
    """The coordinator's `scout_route_*_total`, by what stands between."""
    text = (await connections.exchange("GET", "/metrics")).decode()
    counters = {}
    for line in text.splitlines():
        if line.startswith("scout_route_"):
            name, value = line.split()
            counters[name.removeprefix("scout_route_").removesuffix("_total")] = float(value)
    return counters
