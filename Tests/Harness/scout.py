"""Scout's processes and an MCP client as lean as a client can be, for benchmarks and chaos."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import time

MODERN = "2026-07-28"


class Process:
    """A scout subcommand that says where it listens."""

    def __init__(self, binary, arguments, log):
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [binary, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment(),
                # Ctrl-C is for this process alone, which then ends that one.
                start_new_session=True,
            )

    def port(self, seconds=20):
        """The bound TCP port, once it listens."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = re.search(r"listening.*?:(\d+)", self.log.read_text(errors="replace"))
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"scout does not listen: {self.log.read_text(errors='replace')}")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def own_kib(self):
        """Of the resident memory what is not the executable's and the libraries' pages, which processes share."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1])

    def proportional_kib(self):
        """Its part of the machine's memory: of pages that processes share, as much as falls to each (proc(5), Pss)."""
        rollup = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])

    def peak_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Pair:
    """A coordinator and an agent of its own process over the link, `round_trip` seconds apart."""

    def __init__(self, binary, fleet, relay_type, round_trip=0.0):
        self.agent = Process(
            binary,
            [
                "agent", "--listen", "127.0.0.1:0", "--segment", "dc1", "--check-interval", "0",
                "--ssh-config", str(fleet.config), *QUIET,
            ],
            fleet.folder / f"agent-{time.monotonic_ns()}.log",
        )
        self.relay = None
        port = self.agent.port()
        if round_trip:
            self.relay = relay_type(("127.0.0.1", port), round_trip).__enter__()
            port = self.relay.port
        self.link = f"dc1=http://127.0.0.1:{port}"
        self.coordinator = Process(
            binary,
            ["coordinator", "--http-port", "0", "--no-embedded-agent", "--agent", self.link, *QUIET],
            fleet.folder / f"coordinator-{time.monotonic_ns()}.log",
        )
        self.port = self.coordinator.port()

    def cpu_seconds(self):
        return self.coordinator.cpu_seconds() + self.agent.cpu_seconds()

    def stop(self):
        self.coordinator.stop()
        if self.relay:
            self.relay.__exit__()
        self.agent.stop()


def embedded(binary, fleet):
    """A coordinator with its embedded agent: both in one process, as by default."""
    return Process(
        binary, ["coordinator", "--http-port", "0", "--ssh-config", str(fleet.config), *QUIET], fleet.folder / "embedded.log"
    )


# Where a process listens is logged as a notice; a line for each request is not what is measured.
QUIET = ["--log-level", "notice"]


class Client:
    """Calls tools over one kept connection, revision 2026-07-28."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def call(self, tool, **arguments):
        body, headers = request(tool, arguments)
        self.connection.request("POST", "/mcp", body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        result = json.loads(answer).get("result")
        if response.status != 200 or result is None or result.get("isError"):
            raise RuntimeError(f"{tool} {arguments}: {response.status} {answer[:500]!r}")
        return result["structuredContent"]


def request(tool, arguments):
    """Body and headers of a tools/call."""
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": tool,
                "arguments": arguments,
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": MODERN,
                    "io.modelcontextprotocol/clientCapabilities": {},
                },
            },
        }
    )
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    return body, headers


def time_to_initialize(binary, config):
    """Seconds from the start of a process to its answer to `initialize` on stdio."""
    start = time.monotonic()
    process = subprocess.Popen(
        [binary, "coordinator", "--transport", "stdio", "--ssh-config", str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
    }
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    elapsed = time.monotonic() - start
    process.stdin.close()
    process.wait(timeout=10)
    if b"serverInfo" not in answer:
        raise RuntimeError(f"initialize was answered {answer!r}")
    return elapsed


def _environment():
    """Nothing that the person who runs the benchmark has set for Scout counts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SCOUT_")}
