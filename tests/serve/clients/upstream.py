"""The service behind the gateway: it speaks four protocols and fails on purpose. The model's name says how (faults.py).

It listens on 127.0.0.1 alone, in a thread of the program that starts it, and remembers for each job, which the
prompt names as "job-N", what was asked and whether the connection was closed before the answer was whole.
"""
import asyncio
import json
import re
import socket
import struct
import threading
import time

import faults
import shapes

JOB = re.compile(rb"job-(\d+)")
HANG_SECONDS = 120


class Seen:
    """What a job's requests looked like here."""

    def __init__(self):
        self.requests = []     # bodies, as dictionaries
        self.headers = []
        self.began = []        # time.monotonic() of each
        self.closed_early = None  # time.monotonic() when the caller went before the answer was whole


class Upstream:
    def __init__(self):
        self.jobs = {}
        self.open = 0
        self.answers = None    # a function (protocol, body, seen) -> Answer, for agents
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._started.wait(10)

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def job(self, number):
        return self.jobs.setdefault(int(number), Seen())

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self):
        asyncio.run(self._main())

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=1 << 26)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    async def _connection(self, reader, writer):
        self.open += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _exchange(self, reader, writer):
        """Answer a request. Returns whether the connection goes on."""
        line = await reader.readline()
        if not line:
            return False
        method, path = line.decode().split()[:2]
        headers = {}
        while (header := (await reader.readline()).strip()):
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if method != "POST":
            return await self._play(None, list_models(), reader, writer)
        body = json.loads(raw)
        protocol, model, streamed = address(path, body)
        found = JOB.search(raw)
        seen = self.job(found.group(1) if found else 0)
        seen.requests.append(body)
        seen.headers.append(headers)
        seen.began.append(time.monotonic())
        steps = faults.steps(protocol, model, streamed, body, len(seen.requests), self.answers)
        return await self._play(seen, steps, reader, writer)

    async def _play(self, seen, steps, reader, writer):
        playing = asyncio.ensure_future(self._steps(steps, writer))
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({playing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            gone.cancel()
            try:
                await gone
            except (asyncio.CancelledError, ConnectionError):
                pass
            return playing.result()
        if seen:
            seen.closed_early = time.monotonic()
        playing.cancel()
        return False

    async def _steps(self, steps, writer):
        for kind, value in steps:
            if kind == "bytes":
                writer.write(value)
                await writer.drain()
            elif kind == "sleep":
                await asyncio.sleep(value)
            elif kind == "hang":
                await asyncio.sleep(HANG_SECONDS)
            elif kind == "close":
                return False
            elif kind == "reset":
                handle = writer.get_extra_info("socket")
                await asyncio.sleep(0.02)  # so that what was sent before is read, and not dropped by the reset
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
        return True


def list_models():
    body = json.dumps({"object": "list", "data": [{"id": "upstream-model", "object": "model"}]})
    return [("bytes", faults.whole(200, body))]


def address(path, body):
    """The protocol, the model and whether a stream is wanted."""
    path = path.partition("?")[0]
    if ":streamGenerateContent" in path or ":generateContent" in path:
        model = path.rsplit("/", 1)[1].split(":")[0]
        return shapes.GEMINI, model, ":stream" in path
    kind = {"messages": shapes.MESSAGES, "responses": shapes.RESPONSES, "completions": shapes.CHAT,
            "embeddings": "embeddings", "count_tokens": "count"}.get(path.rsplit("/", 1)[1], "unknown")
    return kind, body.get("model", ""), bool(body.get("stream"))
