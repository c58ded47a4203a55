"""A TCP relay between two parts of a test: it adds latency and loss, stalls, and resets.

What it does is what an application sees of a bad network, not the network itself: TCP on both sides of it is healthy. A
lost packet is therefore a pause, of the time after which TCP would have sent it again, in one direction of one connection,
with everything behind it waiting. It adds nothing to the time of making a connection.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading

BUFFER = 64 * 1024 * 1024  # bytes on their way in one direction
LEAST_RETRANSMISSION = 0.2  # seconds; Linux' TCP_RTO_MIN


class Relay:
    """Listens on 127.0.0.1 (`port`) for the length of a `with` block and passes on to `target`, in a thread of its own.

    `target` (for connections to come), `round_trip` in seconds and `loss` may be set at any time, from any thread. `loss` is
    the chance from 0 to 1 that what one read gave (about a packet, where messages are small) comes late by a retransmission.
    """

    def __init__(self, target, round_trip=0.0, loss=0.0, seed=1):
        self.target = target
        self.round_trip = round_trip
        self.loss = loss
        self.port = None
        self.passed = 0  # bytes taken from either side so far
        self._random = random.Random(seed)
        self._writers = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def stall(self):
        """Nothing passes, in any direction, and nothing says so. What comes in the meantime is kept."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def flow(self):
        """Ends a stall: what was kept is passed on."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def reset(self):
        """Ends every connection with an RST to both sides."""
        self._loop.call_soon_threadsafe(self._reset)

    def _reset(self):
        for writer in list(self._writers):
            _abort(writer)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._flowing = asyncio.Event()
        self._flowing.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**20))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        unfinished = asyncio.all_tasks(self._loop)
        for task in unfinished:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*unfinished, return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader, writer):
        pair = [writer]
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            far_reader, far_writer = await asyncio.open_connection(*self.target, limit=2**20)
            pair.append(far_writer)
            self._writers.add(far_writer)
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        except OSError:
            # One side reset it, or the target is away: the other side is told.
            for each in pair:
                _abort(each)
        except asyncio.CancelledError:
            pass
        finally:
            for each in pair:
                self._writers.discard(each)
                each.close()

    async def _pass_on(self, reader, writer):
        under_way = asyncio.Queue(maxsize=BUFFER // 65536)

        async def deliver():
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(due - self._loop.time())
                await self._flowing.wait()
                if not data:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()

        async def receive():
            due = 0.0
            while True:
                data = await reader.read(65536)
                self.passed += len(data)
                late = LEAST_RETRANSMISSION + self.round_trip if self._random.random() < self.loss else 0.0
                due = max(due, self._loop.time() + self.round_trip / 2 + late)
                await under_way.put((due, data))
                if not data:
                    return

        tasks = [asyncio.ensure_future(receive()), asyncio.ensure_future(deliver())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()


def _abort(writer):
    """Closes at once; with this SO_LINGER the kernel sends RST instead of FIN."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
