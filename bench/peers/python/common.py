"""Does the jobs of bench/peers/run: reads one job per line from standard input, makes its calls with a client, and prints
their cost."""
import asyncio
import json
import resource
import sys
import time

KEY = "sk-0123456789abcdef"  # the server accepts any key


def cpu_us():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


def peak_kib():
    """Return the peak memory of this process. ru_maxrss would include that of its parent."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


async def spread(n, at_once, work):
    """Do n pieces of work, `at_once` at a time, and add up their results."""
    numbers = iter(range(n))

    async def worker():
        return sum([await work(i) for i in numbers])
    return sum(await asyncio.gather(*[worker() for _ in range(at_once)]))


def prompt_of(job):
    size = job.get("prompt_bytes")
    return "word " * (size // 5) if size else "Say hello"


async def calls(job, client):
    prompt = prompt_of(job)

    async def one(_):
        return await client.stream_async(prompt) if job.get("stream") else bool(await client.answer_async(prompt))
    return await spread(job["calls"], job["at_once"], one)


async def batch(job, client):
    """Send the "text" of each line of a file, and write the answers with the numbers of the lines."""
    with open(job["lines"], encoding="utf-8") as file:
        lines = file.readlines()
    with open(job["out"], "w", encoding="utf-8") as out:
        async def one(i):
            text = await client.answer_async(json.loads(lines[i])["text"])
            out.write(json.dumps({"index": i, "text": text}) + "\n")
            return 1
        return await spread(len(lines), job["at_once"], one)


def one_by_one(job, client):
    """Make calls one after another without asyncio, as most programs do that wait for a single call."""
    prompt = prompt_of(job)
    one = client.stream if job.get("stream") else lambda text: bool(client.answer(text))
    return sum(one(prompt) for _ in range(job["calls"]))


def first_pieces(job, client):
    """Return the sum of the times until the first piece of each stream. Later pieces are read, but not timed."""
    waited = 0.0
    for _ in range(job["calls"]):
        started = time.monotonic()
        pieces = client.pieces(prompt_of(job))
        next(pieces)
        waited += time.monotonic() - started
        for _ in pieces:
            pass
    return waited * 1e6


def work(job, client, loop):
    if job.get("first"):
        return first_pieces(job, client)
    if job.get("lines"):
        return loop.run_until_complete(batch(job, client))
    if job["at_once"] == 1:
        return one_by_one(job, client)
    return loop.run_until_complete(calls(job, client))


def serve(open_client):
    """Do jobs until standard input ends. One client is opened for each server."""
    clients, loop = {}, asyncio.new_event_loop()
    for line in sys.stdin:
        job = json.loads(line)
        if job["url"] not in clients:
            clients[job["url"]] = open_client(job["url"])
        started, spent = time.monotonic(), cpu_us()
        events = int(work(job, clients[job["url"]], loop))
        spent, wall = cpu_us() - spent, time.monotonic() - started
        print(json.dumps({"cpu_us": spent, "wall_us": wall * 1e6, "events": events, "peak_kib": peak_kib()}), flush=True)
