"""Other SSH clients doing the same work on the same hosts."""

import asyncio
import resource
import statistics
import sys
import time

import asyncssh
import gevent
from pssh.clients import ParallelSSHClient, SSHClient

from relay import Relay


def _options(fleet):
    return {
        "port": fleet.port, "username": fleet.user, "client_keys": [str(fleet.key)],
        "known_hosts": str(fleet.known_hosts), "config": None,
    }


async def _read(sftp, path):
    async with sftp.open(path, "rb") as file:
        await file.stat()
        return await file.read()


async def asyncssh_reads(fleet, path, lanes, seconds):
    """Reads a second over one connection with `lanes` SFTP channels (eight at most: sshd's MaxSessions is ten)."""
    async with asyncssh.connect(fleet.addresses[0], **_options(fleet)) as connection:
        channels = [await connection.start_sftp_client() for _ in range(min(lanes, 8))]
        deadline = time.monotonic() + seconds
        count = 0

        async def reader(sftp):
            nonlocal count
            while time.monotonic() < deadline:
                await _read(sftp, path)
                count += 1

        await asyncio.gather(*(reader(channels[n % len(channels)]) for n in range(lanes)))
        return count / seconds


async def asyncssh_far(fleet, path, round_trip, times):
    """Seconds of a read over a relay: with connecting and logging in, and on a warm SFTP channel."""
    with Relay((fleet.addresses[0], fleet.port), round_trip) as relay:
        options = _options(fleet) | {"port": relay.port, "known_hosts": None}
        start = time.monotonic()
        async with asyncssh.connect("127.0.0.1", **options) as connection:
            sftp = await connection.start_sftp_client()
            await _read(sftp, path)
            cold = time.monotonic() - start
            samples = []
            for _ in range(times):
                start = time.monotonic()
                await _read(sftp, path)
                samples.append(time.monotonic() - start)
        return cold, statistics.median(samples)


def parallel_ssh_reads(fleet, path, lanes, seconds):
    """Reads a second over so many connections, one after another on each, by `cat`: it has no SFTP read into memory."""
    # One by one: sshd turns away what comes all at once.
    clients = [
        SSHClient(fleet.addresses[0], port=fleet.port, user=fleet.user, pkey=str(fleet.key)) for _ in range(lanes)
    ]
    deadline = time.monotonic() + seconds
    count = 0

    def reader(client):
        nonlocal count
        while time.monotonic() < deadline:
            output = client.run_command(f"cat {path}")
            list(output.stdout)
            count += 1

    gevent.joinall([gevent.spawn(reader, client) for client in clients], raise_error=True)
    return count / seconds


def _cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class ParallelSSH:
    """parallel-ssh with so many hosts, which it runs a command on at once, connected from the first call on."""

    def __init__(self, fleet, hosts):
        self._hosts = hosts
        self._client = ParallelSSHClient(
            fleet.addresses[:hosts], port=fleet.port, user=fleet.user, pkey=str(fleet.key), pool_size=100
        )
        # This process's, in seconds, for all calls until now.
        self.cpu = 0

    def run(self, command):
        """Runs it as the login shell takes it: `true` is the shell's own, `/bin/true` a program."""
        before = _cpu_seconds()
        output = self._client.run_command(command)
        self._client.join(output)
        self.cpu += _cpu_seconds() - before
        silent = sum(host.exit_code != 0 for host in output)
        if silent:
            # Now and then it loses a host's exit code; its time counts all the same.
            print(f"parallel-ssh: no exit code from {silent} of {self._hosts} hosts", file=sys.stderr)
