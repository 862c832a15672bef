"""The measures of each client. A measure returns its rows, ours first; a row without a value has a reason."""

import contextlib
import json
import os
import statistics

import measure
import original
import servers
from clients import OURS, Skipped
from session import Broken, Session

TURN_US = 50000  # CPU time that a turn should take, if a call takes less than that
MOST_CALLS = 500
WARM_US = 500000  # after this much CPU time a client counts as warmed up
TOKENS = 100  # pieces of text of a stream
MANY = 64
OPEN_STREAMS = 500
BATCH_LINES = 1000
KIB = 1024


class Place:
    """The settings of a run: our programs, a working folder, the number of rounds, and the folder of the Go original."""

    def __init__(self, bench, folder, rounds, original=None):
        self.bench, self.folder, self.rounds, self.original = bench, folder, rounds, original

    def path(self, *parts):
        os.makedirs(self.folder, exist_ok=True)
        return os.path.join(self.folder, *parts)


def url_of(port):
    return "http://127.0.0.1:%s/v1" % port


# ---- rows ------------------------------------------------------------------------------------------------------------


def left_out(client, reason):
    return {"client": client.name, "reason": str(reason)}


def row_of(name, values, ours, **more):
    """Return a row with the median, and with the ratios to our values of the same rounds."""
    ratios = [value / base for value, base in zip(values, ours or []) if base] or None
    return {
        "client": name,
        "value": statistics.median(values),
        "ratio": statistics.median(ratios) if ratios else None,
        "least": min(ratios) if ratios else None,
        "most": max(ratios) if ratios else None,
        **more,
    }


def rows_of(clients, values, failures, notes=None):
    """One row for each client that was tried."""
    ours, rows = values.get(OURS), []
    for client in clients:
        if client.name in failures:
            rows.append(left_out(client, failures[client.name]))
        elif values.get(client.name):
            rows.append(row_of(client.name, values[client.name], ours, **(notes or {}).get(client.name, {})))
    return rows


# ---- in turns --------------------------------------------------------------------------------------------------------


def calls_for(cost, calls, at_once):
    """Return how many calls make a turn, from the cost of `calls` calls."""
    wanted = int(TURN_US * calls / max(cost["cpu_us"], 1))
    return max(at_once, min(wanted, MOST_CALLS) // at_once * at_once)


def warm_up(session, job):
    """Make calls until connections, caches and just-in-time compilers are warm. Returns how many calls make a turn."""
    n, spent = max(job["at_once"], 5), 0
    for _ in range(4):
        cost = session.do(calls=n, **job)
        spent += cost["cpu_us"]
        if spent > WARM_US:
            break
    return calls_for(cost, n, job["at_once"])


def in_turns(place, clients, job, ca=None, per_event=False, after=None):
    """Let all clients do a job in turns; return CPU microseconds of one call or event, round by round, and failures."""
    values, failures, sessions, turns = {}, {}, {}, {}
    with contextlib.ExitStack() as stack:
        for client in clients:
            try:
                sessions[client.name] = stack.enter_context(Session(client, ca))
                turns[client.name] = warm_up(sessions[client.name], job)
                if after:
                    after(client, sessions[client.name], turns[client.name])
            except Broken as why:
                failures[client.name] = why
        for _ in range(place.rounds):
            for client in clients:
                if client.name not in failures:
                    turn(client, sessions, turns, job, per_event, values, failures)
    return values, failures


def turn(client, sessions, turns, job, per_event, values, failures):
    try:
        cost = sessions[client.name].do(calls=turns[client.name], **job)
        number = cost["events"] if per_event else turns[client.name]
        if not cost["events"]:
            raise Broken("no text came")
        values.setdefault(client.name, []).append(cost["cpu_us"] / number)
    except Broken as why:
        failures[client.name] = why


def able(clients, at_once=1, fresh=False):
    return [
        client
        for client in clients
        if not (at_once > 1 and client.one_at_a_time) and (client.can_connect_anew or not fresh)
    ]


def cpu(place, clients, what, options=(), per_event=False, **job):
    job = {"at_once": 1, **job}
    tried = able(clients, job["at_once"])
    with place.bench.peer(*options) as port:
        values, failures = in_turns(place, tried, {"url": url_of(port), **job}, per_event=per_event)
    return {"what": what, "unit": "µs an event" if per_event else "µs a call", "rows": rows_of(tried, values, failures)}


# ---- over TLS --------------------------------------------------------------------------------------------------------


def secured(place, clients, what, **job):
    """Measure over TLS, with HTTP/2 for clients that speak it. A note has the connections, the handshakes and the protocol."""
    job, notes = {"at_once": 1, **job}, {}
    tried = able(clients, job["at_once"], job.get("fresh", False))
    try:
        with place.bench.peer() as backend, servers.tls_front(place.path("tls"), backend) as front:

            def note(client, session, calls):
                front.seen()
                session.do(calls=calls, url=front.url, **job)
                seen = front.seen()
                notes[client.name] = {
                    "note": (
                        "%s, %d new connections, %d handshakes" % (seen.protocol, seen.connections, seen.handshakes)
                        if job.get("fresh")
                        else "%s, %d connections" % (seen.protocol, seen.connections)
                    )
                }

            values, failures = in_turns(place, tried, {"url": front.url, **job}, front.ca, after=note)
    except servers.NoServer as why:
        return {"what": what, "unit": "µs a call", "skipped": str(why), "rows": []}
    return {"what": what, "unit": "µs a call", "rows": rows_of(tried, values, failures, notes)}


# ---- of whole processes ----------------------------------------------------------------------------------------------


def memory(place, clients, what):
    """Measure the resident memory of one of many open streams: a new process's peak, less its memory after one stream."""
    values, failures, tried = {}, {}, able(clients, OPEN_STREAMS)
    with place.bench.peer("--tokens", "4", "--interval-ms", "700") as port:
        for client in tried:
            try:
                with Session(client) as session:
                    session.do(url=url_of(port), stream=True, calls=1, at_once=1)
                    before = session.memory_kib("VmRSS")
                    session.do(url=url_of(port), stream=True, calls=OPEN_STREAMS, at_once=OPEN_STREAMS)
                    values[client.name] = [(session.memory_kib("VmHWM") - before) / OPEN_STREAMS]
            except Broken as why:
                failures[client.name] = why
    return {"what": what, "unit": "KiB a stream", "rows": rows_of(tried, values, failures)}


def allocated(place, clients, what, **job):
    """Measure the bytes that all threads allocate: on Go's heap, by Rust's allocator, and by us and libcurl (--count)."""
    values, failures, n = {}, {}, 100
    tried = [client for client in able(clients) if client.counts_bytes or client.name == OURS]
    with place.bench.peer("--tokens", str(TOKENS)) as port:
        for client in tried:
            try:
                with Session(client, options=["--count"] if client.name == OURS else []) as session:
                    for _ in range(3):
                        cost = session.do(url=url_of(port), calls=n, at_once=1, **job)
                    values[client.name] = [cost["bytes"] / n]
            except Broken as why:
                failures[client.name] = why
    return {"what": what, "unit": "bytes a call", "rows": rows_of(tried, values, failures)}


def whole_life(client, job):
    with Session(client) as session:
        session.do(**job)
        return session.end()


def in_new_processes(clients, rounds, cost_of):
    """Measure the CPU time of whole processes, in turns."""
    values, failures = {}, {}
    for _ in range(rounds):
        for client in clients:
            if client.name not in failures:
                try:
                    values.setdefault(client.name, []).append(cost_of(client))
                except (Broken, measure.Failed) as why:
                    failures[client.name] = why
    return rows_of(clients, values, failures)


def start_up(place, clients, what):
    with place.bench.peer() as port:
        job = {"url": url_of(port), "calls": 1, "at_once": 1}
        rows = in_new_processes(clients, place.rounds, lambda client: whole_life(client, job) / 1e3)
    return {"what": what, "unit": "ms of CPU, the whole process", "rows": rows}


def write_lines(path):
    with open(path, "w", encoding="utf-8") as file:
        for i in range(BATCH_LINES):
            file.write(json.dumps({"text": "Translate sentence %d to French." % i}) + "\n")


def our_batch(place, port, lines, out):
    """Measure the command `beluga batch`, which keeps a journal to continue after a stop."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(out)
    command = [
        place.bench.path("beluga"),
        "batch",
        lines,
        "--out",
        out,
        "-j",
        str(MANY),
        "-m",
        "openai/any",
        "-q",
        "-o",
        "base_url=" + url_of(port),
    ]
    return measure.cpu_us(command, {"OPENAI_API_KEY": "sk-0123456789abcdef"})


def batch(place, clients, what):
    lines, out, tried = place.path("lines.jsonl"), place.path("answers.jsonl"), able(clients, MANY)
    tried = [client for client in tried if client.name == OURS or client.language != "c"]
    write_lines(lines)
    with place.bench.peer() as port:
        job = {"url": url_of(port), "lines": lines, "out": out, "at_once": MANY}

        def cost_of(client):
            spent = our_batch(place, port, lines, out) if client.name == OURS else whole_life(client, job)
            with open(out, encoding="utf-8") as file:
                if sum(1 for _ in file) != BATCH_LINES:
                    raise Broken("not an answer for each line")
            return spent / BATCH_LINES

        rows = in_new_processes(tried, min(place.rounds, 3), cost_of)
    return {"what": what, "unit": "µs of CPU a line, start-up with it", "rows": rows}


def four_of_go(place, _, what):
    """Run the Go original's benchmarks and ours of the same names. Returns time, bytes and allocations of each."""
    try:
        found = original.take(place.bench, place.path("original"), place.original, min(place.rounds, 3))
    except Skipped as why:
        return [{"what": what, "unit": "each", "skipped": str(why), "rows": []}]
    return [
        {
            "what": "%s of the Go original" % name,
            "unit": unit,
            "rows": [row_of(client, values[client], values[OURS]) for client in values],
        }
        for (unit, name), values in found.items()
    ]


STREAM = ("--tokens", str(TOKENS))
MEASURES = {
    "answer": (cpu, "an answer of 600 bytes", {}),
    "answer-64": (cpu, "an answer of 600 bytes, 64 at once", {"at_once": MANY}),
    "event": (cpu, "a stream of 100 pieces of text", {"options": STREAM, "stream": True, "per_event": True}),
    "event-64": (
        cpu,
        "a stream of 100, 64 at once",
        {"options": STREAM, "stream": True, "per_event": True, "at_once": MANY},
    ),
    "prompt-10k": (cpu, "a prompt of 10 KB", {"prompt_bytes": 10000}),
    "prompt-100k": (cpu, "a prompt of 100 KB", {"prompt_bytes": 100000}),
    "prompt-500k": (cpu, "a prompt of 500 KB", {"prompt_bytes": 500000}),
    "answer-100k": (cpu, "an answer of 100 KB", {"options": ("--answer-words", "20000")}),
    "memory": (memory, "one of %d open streams: resident memory" % OPEN_STREAMS, {}),
    "bytes-answer": (allocated, "an answer: bytes that are allocated", {}),
    "bytes-stream": (allocated, "a stream of 100: bytes that are allocated", {"stream": True}),
    "batch": (batch, "a batch of 1,000 lines, 64 at once", {}),
    "start-up": (start_up, "from the start of a process to its first answer", {}),
    "original": (four_of_go, "the Go original's four benchmarks", {}),
    "tls": (secured, "an answer over TLS, on a connection that is kept", {}),
    "tls-64": (secured, "an answer over TLS, 64 at once", {"at_once": MANY}),
    "tls-connect": (secured, "an answer over TLS, on a new connection", {"fresh": True}),
}


def take(name, place, clients):
    """Take a measure. Returns a list of one or more results."""
    function, what, options = MEASURES[name]
    results = function(place, clients, what, **options)
    return [{"name": name, **result} for result in (results if isinstance(results, list) else [results])]
