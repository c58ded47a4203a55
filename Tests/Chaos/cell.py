"""One coordinator and two agents that both reach every host, each agent's link through a relay of its own."""

import signal
import time

from relay import Relay
from scout import QUIET, Process

SEGMENT = "dc1"


class Agent:
    """A process that can be killed, stopped and started again; a relay leads to wherever it listens."""

    def __init__(self, binary, fleet, name, seed):
        self.binary, self.fleet, self.name = binary, fleet, name
        self.process = self._start()
        self.relay = Relay(("127.0.0.1", self.process.port()), seed=seed).__enter__()

    def _start(self):
        arguments = ["agent", "--listen", "127.0.0.1:0", "--segment", SEGMENT, "--name", self.name]
        return Process(
            self.binary, [*arguments, "--ssh-config", str(self.fleet.config), *QUIET],
            self.fleet.folder / f"agent-{self.name}-{time.monotonic_ns()}.log",
        )

    def kill(self):
        self.process.process.kill()
        self.process.process.wait()

    def restart(self):
        self.process = self._start()
        self.relay.target = ("127.0.0.1", self.process.port())

    def freeze(self):
        self.process.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.relay.__exit__()
        self.thaw()
        self.process.stop()


class Cell:
    """Two agents (`agents[0]`, `agents[1]`) of one segment and their coordinator."""

    def __init__(self, binary, fleet, seed=1):
        self.fleet = fleet
        self.agents = []
        self.coordinator = None
        try:
            for number, name in enumerate(("a", "b")):
                self.agents.append(Agent(binary, fleet, name, seed + number))
            links = [f"{SEGMENT}=http://127.0.0.1:{agent.relay.port}" for agent in self.agents]
            self.log = fleet.folder / f"coordinator-{time.monotonic_ns()}.log"
            self.coordinator = Process(
                binary, ["coordinator", "--http-port", "0", "--no-embedded-agent",
                         *(word for link in links for word in ("--agent", link)), *QUIET], self.log,
            )
            self.port = self.coordinator.port()
        except BaseException:
            self.stop()
            raise

    def link(self, number):
        """What the coordinator calls the link to `agents[number]`: the segment, numbered from the second on."""
        return SEGMENT if number == 0 else f"{SEGMENT}#{number + 1}"

    def stop(self):
        if self.coordinator:
            self.coordinator.stop()
        for agent in self.agents:
            agent.stop()
