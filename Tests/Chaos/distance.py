"""What a warm read costs where the agent is far away, beside SSH itself over the same relay."""

import asyncio
import statistics
import sys
import time

import rivals
from relay import Relay
from scout import Client, Pair

ROUND_TRIP = 0.080
LIMIT = 1.15  # round trips of a warm read


class Distance:
    """Medians in seconds."""

    def __init__(self, ours, first, cold, warm, times):
        self.ours, self.first, self.cold, self.warm, self.times = ours, first, cold, warm, times

    def table(self):
        rows = [
            ("scout, warm", self.ours), ("scout, the first read of a host", self.first),
            ("asyncssh, warm SFTP channel", self.warm), ("asyncssh, connecting and logging in", self.cold),
        ]
        return (
            f"\nA read of 4 KiB over a relay of {ROUND_TRIP * 1000:.0f} ms, the median of {self.times} (three where cold):\n\n"
            "| read | time | round trips |\n|---|---|---|\n"
            + "\n".join(f"| {name} | {seconds * 1000:.1f} ms | {seconds / ROUND_TRIP:.2f} |" for name, seconds in rows)
        )

    def missed(self):
        if self.ours <= LIMIT * ROUND_TRIP:
            return []
        return [f"distance: a warm read took {self.ours / ROUND_TRIP:.2f} round trips, {LIMIT} is the target"]


def measure(binary, fleet, path, times):
    print(f"chaos: distance, {ROUND_TRIP * 1000:.0f} ms", file=sys.stderr, flush=True)
    pair = Pair(binary, fleet, Relay, ROUND_TRIP)
    try:
        client = Client(pair.port)
        client.call("hosts")

        def read(host):
            start = time.monotonic()
            client.call("read", target=f"{host}:{path}")
            return time.monotonic() - start

        first = statistics.median(read(host) for host in fleet.names[1:4])
        read(fleet.names[0])
        ours = statistics.median(read(fleet.names[0]) for _ in range(times))
    finally:
        pair.stop()
    ssh = [asyncio.run(rivals.asyncssh_far(fleet, str(path), ROUND_TRIP, times // 3 or 1)) for _ in range(3)]
    return Distance(
        ours, first, statistics.median(cold for cold, _ in ssh), statistics.median(warm for _, warm in ssh), times
    )
