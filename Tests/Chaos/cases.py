"""The faults: what happens to agent b or its link while agent a goes on, and to all of it at once."""

import asyncio
import dataclasses
import typing

FAR = 0.080  # seconds, there and back
LOSS = 0.01


@dataclasses.dataclass
class Case:
    """A fault that begins, lasts and is healed. Both take the cell and run while the load does."""

    name: str
    what: str
    begin: typing.Callable
    heal: typing.Callable
    # What suffers is agent b or its link, and agent a is a second path: no read may fail.
    one_agent: bool = True
    second_path: bool = True
    # The agent answers nothing in the fault, so that its reads have to go elsewhere.
    leaves: bool = False
    # Its connections to the hosts outlast the fault. One that begins anew is cold, and reads stay where hosts are warm until there is
    # too much for that agent.
    warm: bool = True
    # Part of the short form.
    short: bool = False


async def _nothing(_):
    pass


async def _kill(cell):
    cell.agents[1].kill()


async def _restart(cell):
    # Starting takes a while, and the load must go on.
    await asyncio.to_thread(cell.agents[1].restart)


async def _freeze(cell):
    cell.agents[1].freeze()


async def _thaw(cell):
    cell.agents[1].thaw()


async def _stall(cell):
    cell.agents[1].relay.stall()


async def _flow(cell):
    cell.agents[1].relay.flow()


async def _reset(cell):
    while True:
        cell.agents[1].relay.reset()
        await asyncio.sleep(1)


def _distance(numbers, round_trip, loss):
    async def change(cell):
        for number in numbers:
            cell.agents[number].relay.round_trip = round_trip
            cell.agents[number].relay.loss = loss

    return change


async def _restart_sshd(cell):
    await asyncio.to_thread(cell.fleet.restart, 0)


CASES = [
    Case("calm", "nothing", _nothing, _nothing, one_agent=False),
    Case("agent-killed", "agent SIGKILL, started again", _kill, _restart, leaves=True, warm=False, short=True),
    Case("agent-stopped", "agent SIGSTOP, then SIGCONT", _freeze, _thaw, leaves=True, short=True),
    Case("link-stalled", "its link passes nothing", _stall, _flow, leaves=True, short=True),
    Case("link-reset", "its link reset once a second", _reset, _nothing),
    Case("link-far", "its link 80 ms away, 1 % loss", _distance([1], FAR, LOSS), _distance([1], 0.0, 0.0)),
    Case("links-far", "both links 80 ms away, 1 % loss", _distance([0, 1], FAR, LOSS), _distance([0, 1], 0.0, 0.0),
         one_agent=False),
    Case("sshd-restarted", "sshd of half the hosts restarted", _restart_sshd, _nothing, one_agent=False, second_path=False),
]
