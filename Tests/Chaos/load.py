"""Reads on a clock: each is due at its time whether or not those before it have been answered.

Its latency counts from when it was due, so a server that stalls is charged for every read that it kept from being sent
(Tene's "coordinated omission").
"""

import asyncio
import dataclasses
import json
import time

from scout import request

OUTSTANDING = 8000  # reads at most; the bound of the load's own memory
PATIENCE = 40.0  # seconds for one read; the coordinator's own deadline is 30


@dataclasses.dataclass
class Read:
    """One read: seconds since the load's start at which it was due, seconds until its answer, and what went wrong."""

    due: float
    latency: float
    host: str
    failure: str = ""


class Connections:
    """HTTP/1.1 connections to the coordinator; each carries one request at a time and is kept."""

    def __init__(self, port):
        self.port = port
        self._idle = []

    async def call(self, tool, arguments):
        """The parsed JSON-RPC answer of a tool."""
        body, headers = request(tool, arguments)
        return json.loads(await self.exchange("POST", "/mcp", body.encode(), headers))

    async def exchange(self, method, path, body=b"", headers=None):
        fresh = not self._idle
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self.port)
        try:
            lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {len(body)}"]
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            status = head.split(" ", 2)[1]
            if "transfer-encoding: chunked" in head:
                answer = await _chunks(reader)
            else:
                length = next((line for line in head.split("\r\n") if line.startswith("content-length:")), ": 0")
                answer = await reader.readexactly(int(length.split(":")[1]))
        except asyncio.IncompleteReadError as error:
            writer.close()
            raise ConnectionError(f"the coordinator closed a {'new' if fresh else 'kept'} connection") from error
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        if status != "200":
            raise ConnectionError(f"http_{status}")
        if "text/event-stream" in head:
            answer = b"".join(line[5:].strip() for line in answer.split(b"\n") if line.startswith(b"data:"))
        return answer

    def close(self):
        for _, writer in self._idle:
            writer.close()


async def _chunks(reader):
    """A chunked body (RFC 9112 section 7.1)."""
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


class Load:
    """`rate` reads a second of the targets in turn."""

    def __init__(self, connections, targets, rate):
        self.connections = connections
        self.targets = targets
        self.rate = rate
        self.reads = []
        self.start = time.monotonic()
        self._under_way = set()

    def now(self):
        """Seconds since the start."""
        return time.monotonic() - self.start

    async def run(self, seconds):
        """Sends for so long and returns when everything is answered."""
        self.start = time.monotonic()
        for number in range(int(seconds * self.rate)):
            due = number / self.rate
            if (wait := due - self.now()) > 0:
                await asyncio.sleep(wait)
            host, target = self.targets[number % len(self.targets)]
            if len(self._under_way) >= OUTSTANDING:
                self.reads.append(Read(due, 0.0, host, "not sent"))
                continue
            task = asyncio.ensure_future(self._read(due, host, target))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    async def _read(self, due, host, target):
        try:
            answer = await asyncio.wait_for(self.connections.call("read", {"target": target}), PATIENCE)
            failure = _failure(answer)
        except asyncio.TimeoutError:
            failure = "no answer"
        except OSError as error:
            failure = str(error) or type(error).__name__
        except (ValueError, asyncio.LimitOverrunError) as error:
            failure = f"unreadable answer: {error}"
        self.reads.append(Read(due, self.now() - due, host, failure))


def _failure(answer):
    """The code of what failed in a tool's answer; empty: nothing did."""
    result = answer.get("result")
    if result is None:
        return f"rpc_error {answer.get('error', {}).get('code')}"
    content = result.get("structuredContent") or {}
    if failures := content.get("failures"):
        return f"{failures[0]['code']}: {failures[0].get('message', '')}"
    return "isError" if result.get("isError") else ""
