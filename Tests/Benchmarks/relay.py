"""A TCP relay that adds latency: each byte leaves half of the given round-trip time after it came."""

import asyncio
import contextlib
import threading

BUFFER = 64 * 1024 * 1024  # bytes on their way in one direction


class Relay:
    """Listens on 127.0.0.1 (`port`) for the length of a `with` block and passes on to `target`."""

    def __init__(self, target, round_trip):
        self.target = target
        self.delay = round_trip / 2
        self.port = None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self):
        asyncio.set_event_loop(self._loop)
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
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target, limit=2**20)
        except OSError:
            writer.close()
            return
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._pass_on(reader, far_writer), self._pass_on(far_reader, writer), return_exceptions=True
            )

    async def _pass_on(self, reader, writer):
        under_way = asyncio.Queue(maxsize=BUFFER // 65536)

        async def deliver():
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(due - self._loop.time())
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()

        delivery = asyncio.ensure_future(deliver())
        try:
            while data := await reader.read(65536):
                await under_way.put((self._loop.time() + self.delay, data))
        except OSError:
            pass
        await under_way.put((self._loop.time() + self.delay, b""))
        await delivery
