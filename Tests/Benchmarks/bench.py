"""Scout beside asyncssh, parallel-ssh, sftp and its own engine, in one run: prints one Markdown table.

Times on a shared machine mean little by themselves: read the ratios. Started by run.sh.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import rivals
from fleet import Fleet
from relay import Relay
from scout import Client, Pair, embedded, request, time_to_initialize

SMALL = 4096
LINES = []


def say(measure, figure, reference=""):
    LINES.append((measure, figure, reference))
    print(f"{measure}: {figure}  {reference}", file=sys.stderr, flush=True)


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def seconds(call):
    start = time.monotonic()
    call()
    return time.monotonic() - start


def spread(samples):
    """Median and 95th percentile."""
    samples = sorted(samples)
    return statistics.median(samples), samples[min(len(samples) - 1, int(len(samples) * 0.95))]


def timed(call, times):
    """Median and 95th percentile in seconds."""
    return spread([seconds(call) for _ in range(times)])


def in_turns(calls, times):
    """Seconds of each call, one after the other and so many times: the machine's speed changes by the minute."""
    turns = [[seconds(call) for call in calls] for _ in range(times)]
    return list(zip(*turns))


def ratio(samples, others):
    """Median of the ratios turn by turn."""
    return statistics.median(one / other for one, other in zip(samples, others))


def wrk(port, tool, arguments, clients, seconds):
    """Requests a second of `clients` connections that each wait for their answer."""
    body, headers = request(tool, arguments)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write('wrk.method = "POST"\n')
        script.write(f"wrk.body = [==[{body}]==]\n")
        for name, value in headers.items():
            script.write(f'wrk.headers["{name}"] = "{value}"\n')
        script.flush()
        output = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", script.name, f"http://127.0.0.1:{port}/mcp"],
            check=True, capture_output=True, text=True,
        ).stdout
    if "Non-2xx" in output:
        raise RuntimeError(output)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])


def resident(process):
    return f"{process.resident_kib() / 1024:.1f} MiB", f"{process.own_kib() / 1024:.1f} MiB of its own, the rest the executable's pages"


class Peak:
    """The most memory that a process had during a `with` block, as `kib`.

    Not its rusage: that counts what this process had when it started the other.
    """

    def __init__(self, pid):
        self.kib = 0
        self._status = pathlib.Path(f"/proc/{pid}/status")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.wait(0.02):
            # It may be gone, or not be the command yet.
            with contextlib.suppress(OSError):
                if found := re.search(r"VmHWM:\s+(\d+)", self._status.read_text()):
                    self.kib = max(self.kib, int(found[1]))


@dataclasses.dataclass(frozen=True)
class Bulk:
    """One read of a large file: MB/s, KiB that the agent grew by, KiB that the command had at most."""

    rate: float
    growth: int
    peak: int


def memory(reads):
    growth, peak = max(read.growth for read in reads), max(read.peak for read in reads)
    return f"agent grew by {growth / 1024:.0f} MiB, the command had {peak / 1024:.0f} MiB at most"


class Bench:
    def __init__(self, binaries, quick):
        self.binary = str(binaries / "scout")
        self.engine = str(binaries / "engine-benchmark")
        self.raw = str(binaries / "raw-libssh2")
        self.seconds = 3 if quick else 10
        self.times = 10 if quick else 40
        # A gigabyte over 80 ms takes minutes.
        self.distant_runs = lambda megabytes: 1 if quick or megabytes > 100 else 3
        self.bulk_runs = lambda megabytes: 3 if megabytes > 100 else 9
        self.fleet = Fleet(100)
        self.small = self.fleet.files / "small"
        self.small.write_bytes(("x" * 63 + "\n").encode() * (SMALL // 64))
        self.big = {}
        for megabytes in (100,) if quick else (100, 1024):
            path = self.fleet.files / f"big{megabytes}"
            subprocess.run(["truncate", "-s", f"{megabytes}M", str(path)], check=True)
            self.big[megabytes] = path
        for path in self.fleet.files.iterdir():
            path.chmod(0o644)

    def pair(self, round_trip=0.0):
        return Pair(self.binary, self.fleet, Relay, round_trip)

    def targets(self, count):
        return [f"{name}:{self.small}" for name in self.fleet.names[:count]]

    def run_engine(self, *arguments):
        output = subprocess.run(
            [self.engine, arguments[0], "--ssh-config", str(self.fleet.config), *arguments[1:]],
            check=True, capture_output=True, text=True,
        ).stdout
        return json.loads(output)

    def run_raw(self, path, *arguments):
        output = subprocess.run(
            [self.raw, self.fleet.addresses[0], str(self.fleet.port), self.fleet.user, str(self.fleet.key), str(path), *arguments],
            check=True, capture_output=True, text=True,
        ).stdout
        return json.loads(output)

    # Each measure is one row or a few.

    def read(self):
        """Warm reads of 4 KiB over HTTP and the link, beside others doing the same."""
        raw = {lanes: self.run_raw(self.small, str(lanes), str(self.seconds))["per_second"] for lanes in (1, 8)}
        say("libssh2's own SFTP (open, fstat, read, close), one lane", f"{raw[1]:.0f}/s")
        say("libssh2's own SFTP (open, fstat, read, close), eight lanes", f"{raw[8]:.0f}/s")
        engine = {
            lanes: self.run_engine("read", "--lanes", str(lanes), "--seconds", str(self.seconds), "--path", str(self.small))["per_second"]
            for lanes in (1, 8)
        }
        say("engine alone (SSH module), one lane", f"{engine[1]:.0f}/s")
        say("engine alone (SSH module), eight lanes", f"{engine[8]:.0f}/s")
        pair = self.pair()
        try:
            target = {"target": f"host1:{self.small}"}
            wrk(pair.port, "read", target, 8, 1)
            for clients in (1, 8, 32):
                before = pair.coordinator.cpu_seconds(), pair.agent.cpu_seconds()
                rate = wrk(pair.port, "read", target, clients, self.seconds)
                spent = [
                    (after - start) / (rate * self.seconds) * 1e6
                    for after, start in zip((pair.coordinator.cpu_seconds(), pair.agent.cpu_seconds()), before)
                ]
                lanes = 1 if clients == 1 else 8
                say(
                    f"warm read 4 KiB, HTTP + link, {clients} clients", f"{rate:.0f}/s",
                    f"{rate / engine[lanes]:.2f} of the engine, {rate / raw[lanes]:.2f} of libssh2's SFTP; "
                    f"CPU {spent[0]:.0f} us coordinator + {spent[1]:.0f} us agent",
                )
        finally:
            pair.stop()
        for clients in (1, 8, 32):
            rate = asyncio.run(rivals.asyncssh_reads(self.fleet, str(self.small), clients, self.seconds))
            say(f"warm read 4 KiB, asyncssh, {clients} at once", f"{rate:.0f}/s", f"{rate / engine[8]:.2f} of the engine")
        for clients in (1, 8, 32):
            rate = rivals.parallel_ssh_reads(self.fleet, str(self.small), clients, self.seconds)
            reference = engine[1 if clients == 1 else 8]
            say(f"warm read 4 KiB, parallel-ssh, {clients} at once", f"{rate:.0f}/s", f"{rate / reference:.2f} of the engine")

    def many(self):
        """One call over many warm hosts, and the first call to cold ones."""
        for count in (1, 10, 100):
            program, builtin = (rivals.ParallelSSH(self.fleet, count) for _ in range(2))
            cold_rival = seconds(lambda: program.run("/bin/true"))
            builtin.run("true")
            pair = self.pair()
            try:
                client = Client(pair.port)
                run = lambda: client.call("query", targets=self.fleet.names[:count], command=["true"])  # noqa: E731
                cold = seconds(run)
                read = timed(lambda: client.call("read", targets=self.targets(count)), self.times)
                # The first command told what login shells the hosts have.
                before, program.cpu = pair.cpu_seconds(), 0
                true, programs, builtins = in_turns(
                    [run, lambda: program.run("/bin/true"), lambda: builtin.run("true")], self.times
                )
                spent, rival = (cpu / (self.times * count) for cpu in (pair.cpu_seconds() - before, program.cpu))
                listing = timed(
                    lambda: client.call("list", targets=[f"{n}:{self.fleet.files}" for n in self.fleet.names[:count]]), self.times
                )
                # Beside the calls that it is compared with: the machine's speed changes by the minute.
                raw = self.run_raw(self.small, "8", "2")["per_second"]
            finally:
                pair.stop()
            say(
                f"one call, read 4 KiB on {count} warm hosts", milliseconds(read[0]),
                f"p95 {milliseconds(read[1])}; as long as {raw * read[0]:.0f} reads of libssh2's eight lanes",
            )
            say(f"one call, list on {count} warm hosts", milliseconds(listing[0]), f"p95 {milliseconds(listing[1])}")
            say(
                f"one call, `true` on {count} warm hosts", milliseconds(spread(true)[0]),
                f"p95 {milliseconds(spread(true)[1])}, CPU {spent * 1e6:.0f} us a host; {ratio(true, programs):.2f} of parallel-ssh's "
                f"time for the program (CPU {rival * 1e6:.0f} us a host), {ratio(true, builtins):.2f} of it for its shells' own `true`",
            )
            say(f"first call, `true` on {count} cold hosts", milliseconds(cold), f"parallel-ssh {milliseconds(cold_rival)}")

    def bulk(self):
        """Large files through the link, beside sftp(1)."""
        for megabytes, path in self.big.items():
            ours, sftp, raw = [], [], []
            pair = self.pair()
            try:
                # In turns: the machine's speed changes by the minute.
                for _ in range(self.bulk_runs(megabytes)):
                    ours.append(self._bulk(pair, path, megabytes))
                    sftp.append(self._rate(["sftp", "-q", "-F", str(self.fleet.config), f"host1:{path}", "/dev/null"], megabytes)[0])
                    raw.append(self.run_raw(path)["megabytes_per_second"])
            finally:
                pair.stop()
            ratio = statistics.median(own.rate / its for own, its in zip(ours, sftp))
            say(
                f"read {megabytes} MB through the link", f"{statistics.median(own.rate for own in ours):.0f} MB/s",
                f"{ratio:.2f} of sftp, which had {statistics.median(sftp):.0f} MB/s; "
                f"libssh2's own SFTP {statistics.median(raw):.0f} MB/s; {memory(ours)}",
            )

    def _bulk(self, pair, path, megabytes):
        """`read --raw` asks the agent itself: its own process is the coordinator, and its peak is told with the agent's growth."""
        # What it had at most before does not count (proc(5), clear_refs).
        pathlib.Path(f"/proc/{pair.agent.process.pid}/clear_refs").write_text("5")
        idle = pair.agent.resident_kib()
        rate, peak = self._rate(
            [self.binary, "read", "--raw", "--no-embedded-agent", "--agent", pair.link, "--timeout-ms", "600000",
             f"host1:{path}"], megabytes)
        return Bulk(rate, growth=pair.agent.peak_kib() - idle, peak=peak)

    @staticmethod
    def _rate(command, megabytes):
        """Megabytes a second, and the command's peak in KiB; what is read goes to /dev/null."""
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with Peak(process.pid) as seen:
            if process.wait() != 0:
                raise subprocess.CalledProcessError(process.returncode, command)
        return megabytes / (time.monotonic() - start), seen.kib

    def distance(self):
        """The same over a relay between coordinator and agent, beside SSH itself over the same relay."""
        for round_trip in (0.010, 0.080):
            away = f"agent {round_trip * 1000:.0f} ms away"
            times = max(5, self.times // 2)
            pair = self.pair(round_trip)
            try:
                self._distant_calls(pair, round_trip, away, times)
                self._distant_clients(pair, round_trip, away)
                for megabytes, path in self.big.items():
                    ours, sftp = [], []
                    for _ in range(self.distant_runs(megabytes)):
                        ours.append(self._bulk(pair, path, megabytes))
                        sftp.append(self._distant_sftp(path, megabytes, round_trip))
                    say(
                        f"read {megabytes} MB through the link, {away}", f"{statistics.median(own.rate for own in ours):.0f} MB/s",
                        f"sftp over the same distance {statistics.median(sftp):.0f} MB/s; {memory(ours)}",
                    )
            finally:
                pair.stop()

    def _distant_calls(self, pair, round_trip, away, times):
        client = Client(pair.port)
        start = time.monotonic()
        client.call("query", targets=self.fleet.names[:100], command=["true"])
        connecting = time.monotonic() - start
        client.call("read", targets=self.targets(100))
        one = timed(lambda: client.call("read", target=f"host1:{self.small}"), times)
        hundred = timed(lambda: client.call("read", targets=self.targets(100)), times)
        true = timed(lambda: client.call("query", targets=self.fleet.names[:100], command=["true"]), times)
        cold, warm = asyncio.run(rivals.asyncssh_far(self.fleet, str(self.small), round_trip, times))
        say(
            f"warm read 4 KiB, {away}", milliseconds(one[0]),
            f"{one[0] / round_trip:.2f} round trips; SSH over the same distance {milliseconds(warm)} warm, {milliseconds(cold)} cold",
        )
        say(f"one call, read on 100 warm hosts, {away}", milliseconds(hundred[0]), f"p95 {milliseconds(hundred[1])}")
        say(f"one call, `true` on 100 warm hosts, {away}", milliseconds(true[0]), f"p95 {milliseconds(true[1])}")
        say(f"first call, `true` on 100 cold hosts, {away}", milliseconds(connecting))

    def _distant_clients(self, pair, round_trip, away):
        for clients in (8, 32):
            rate = wrk(pair.port, "read", {"target": f"host1:{self.small}"}, clients, self.seconds)
            say(
                f"warm read 4 KiB, HTTP + link, {clients} clients, {away}", f"{rate:.0f}/s",
                f"{clients / rate / round_trip:.2f} round trips each",
            )

    def _distant_sftp(self, path, megabytes, round_trip):
        """Megabytes a second of sftp(1) to the host itself over a relay."""
        with Relay((self.fleet.addresses[0], self.fleet.port), round_trip) as relay:
            # The relay is another address: its key is known as the host's.
            name = f"[{self.fleet.addresses[0]}]:{self.fleet.port}"
            options = ["-oHostName=127.0.0.1", f"-oPort={relay.port}", f"-oHostKeyAlias={name}"]
            command = ["sftp", "-q", "-F", str(self.fleet.config), *options, f"host1:{path}", "/dev/null"]
            return self._rate(command, megabytes)[0]

    def footprint(self):
        """Start, memory, and reading the configuration."""
        config = self.fleet.folder / "thousand"
        config.write_text(
            "".join(f"Host node{n}\n  HostName 10.0.{n // 250}.{n % 250}\n  User u{n % 7}\n" for n in range(1000))
            + "Host node1*\n  Port 2222\nHost *\n  ServerAliveInterval 15\n"
        )
        output = subprocess.run([self.engine, "config", "--ssh-config", str(config)], check=True, capture_output=True, text=True)
        say("ssh_config of 1,000 hosts read and resolved", f"{json.loads(output.stdout)['median_ms']:.1f} ms")
        starts = sorted(time_to_initialize(self.binary, self.fleet.config) for _ in range(self.times // 2))
        say("start of the process to `initialize` answered, stdio", milliseconds(statistics.median(starts)), f"worst {milliseconds(starts[-1])}")
        pair = self.pair()
        try:
            client = Client(pair.port)
            client.call("hosts")
            say("resident memory idle, coordinator", *resident(pair.coordinator))
            say("resident memory idle, agent", *resident(pair.agent))
            together = (pair.coordinator.proportional_kib() + pair.agent.proportional_kib()) / 1024
            say("memory idle, coordinator and agent together", f"{together:.1f} MiB", "shared pages counted once")
            client.call("read", target=self.targets(1)[0])
            one = pair.agent.resident_kib()
            client.call("read", targets=self.targets(100))
            say("resident memory of a warm connection", f"{(pair.agent.resident_kib() - one) / 99:.0f} KiB")
        finally:
            pair.stop()
        far = Pair(self.binary, self.fleet, Relay, round_trip=0.001)
        try:
            Client(far.port).call("hosts")
            seconds, before = (4 if self.times < 40 else 10), far.relay.passed
            time.sleep(seconds)
            say("reports on the wire, agent of 100 hosts, idle", f"{(far.relay.passed - before) / seconds:.0f} B/s", "both directions, without TLS")
        finally:
            far.stop()
        both = embedded(self.binary, self.fleet)
        try:
            Client(both.port()).call("hosts")
            say("resident memory idle, coordinator with its embedded agent", *resident(both))
        finally:
            both.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help="folder of the release build")
    parser.add_argument("--quick", action="store_true", help="short measures, to see that everything runs")
    measures = ["read", "many", "bulk", "distance", "footprint"]
    parser.add_argument("--only", default=",".join(measures), help="names of measures, comma-separated; all: %(default)s")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.only.split(",")) - set(measures))
    if unknown:
        parser.error(f"--only: there is no measure {', '.join(unknown)}")
    bench = Bench(arguments.binaries, arguments.quick)
    try:
        for name in arguments.only.split(","):
            getattr(bench, name)()
    finally:
        bench.fleet.stop()
    print("| measure | figure | beside it |\n|---|---|---|")
    for line in LINES:
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
