"""Measures what a page shows about this library and the bare program: budgets, times and instructions, the instructions of
each part, and how costs grow. `bench/run --json` writes the result of `take`."""

import json

import figures
import layers
import measure
import system

ROUNDS = 15
SIDES = {"client": "beluga", "client-waiting": "beluga, waiting", "client-bare": "bare libcurl"}
PROMPTS = (0, 1000, 10000, 100000, 1000000)
WORDS = (20, 200, 2000, 20000)  # words in an answer
PIECES = (1, 10, 100, 1000)  # pieces in a stream
OPEN = (10, 100, 1000)
TURN_US = 50000


def take_budgets(bench, budgets, column):
    rows = []
    for row in budgets.rows:
        found = {"name": row.name, "what": row.what, "unit": row.unit, "target": row.target, "recorded": row.recorded}
        try:
            found["value"] = row.round(figures.take(bench, row.name))
            found["holds"] = row.limit(column) is None or row.holds(found["value"], column)
        except figures.LeftOut as why:
            found["left_out"] = str(why)
        rows.append(found)
    return rows


def take_exchanges(bench):
    """Measure the CPU time of both sides, in turns on one core, and their instructions."""
    rows = []
    for kind, what, calls, options in (
        ("answer", "an answer of 600 bytes, waited for", 200, ()),
        ("push", "the same by a loop of the caller's", 200, ()),
        ("stream", "a stream of 100 pieces", 50, ("--tokens", "100")),
    ):
        bare, ours, ratio, _ = bench.exchange_times(kind, ROUNDS, calls, *options)
        count = {side: bench.exchange_count(measure.instructions, kind, side, *options) for side in ("ours", "bare")}
        rows.append(
            {
                "name": kind,
                "what": what,
                "ours_us": ours / 1e3,
                "bare_us": bare / 1e3,
                "ratio": ratio,
                "ours_instructions": count["ours"],
                "bare_instructions": count["bare"],
                "instruction_ratio": count["ours"] / count["bare"],
            }
        )
    return rows


def take_layers(bench):
    stream = {"stream": True, "few": 5, "many": 25}
    return [
        {
            "what": what,
            "sides": [
                {"name": name, "parts": layers.of_one_call(bench, side, *options, **job)}
                for side, name in SIDES.items()
            ],
        }
        for what, options, job in (
            ("an answer of 600 bytes", (), {}),
            ("a stream of 100 pieces", ("--tokens", "100"), stream),
        )
    ]


def job_cpu_us(bench, side, options, job):
    """Return the CPU time of one call: the least of some turns, all of about the same length."""
    with measure.one_core(), bench.peer(*options) as port:
        first = json.loads(measure.run(*bench.client(side), told=measure.job_line(port, 20, **job)))
        calls = max(5, min(2000, int(TURN_US * 20 / max(first["cpu_us"], 1))))
        lines = measure.job_line(port, calls, **job) * 6
        costs = [
            json.loads(line)["cpu_us"] / calls for line in measure.run(*bench.client(side), told=lines).splitlines()
        ]
    return min(costs[1:])


def grown(bench, key, values, options_of, job_of):
    """Measure instructions and CPU time of a call for each size."""
    rows = []
    for value in values:
        row = {key: value}
        for side, name in SIDES.items():
            if side != "client-waiting":
                row[name] = {
                    "instructions": bench.job_instructions(side, *options_of(value), **job_of(value)),
                    "cpu_us": job_cpu_us(bench, side, options_of(value), job_of(value)),
                }
        rows.append(row)
    return rows


def take_growth(bench):
    return {
        "prompt": grown(bench, "bytes", PROMPTS, lambda n: (), lambda n: {"prompt_bytes": n}),
        "answer": grown(bench, "words", WORDS, lambda n: ("--answer-words", str(n)), lambda n: {}),
        "stream": grown(bench, "pieces", PIECES, lambda n: ("--tokens", str(n)), lambda n: {"stream": True}),
    }


def take_open_streams(bench):
    rows = []
    for count in OPEN:
        (ours, own), (bare, _) = (bench.stream_memory(side, count) for side in ("ours", "bare"))
        rows.append({"streams": count, "ours_kib": ours / 1024, "own_kib": own / 1024, "bare_kib": bare / 1024})
    return rows


def take_event(bench):
    return {
        name: {"instructions": bench.work_instructions(work), "ns": bench.work_ns(work, 50000)}
        for name, work in (("beluga", "stream_event"), ("yyjson", "parse_event"))
    }


def take(bench, budgets, say):
    found = {"about": system.about(rounds=ROUNDS)}
    for name, function in (
        ("budgets", lambda: take_budgets(bench, budgets, system.name())),
        ("exchanges", lambda: take_exchanges(bench)),
        ("layers", lambda: take_layers(bench)),
        ("growth", lambda: take_growth(bench)),
        ("open_streams", lambda: take_open_streams(bench)),
        ("event", lambda: take_event(bench)),
        ("go", lambda: take_go(bench)),
    ):
        say(name)
        found[name] = function()
    return found


def take_go(bench):
    """Run bench-go, and return the results of its four benchmarks."""
    rows, provider = [], ""
    for line in measure.run(bench.program("go"), "mock", "example-custom").splitlines():
        words = line.split()
        if words[0] == "pkg:":
            provider = words[1]
        else:
            rows.append(
                {
                    "provider": provider,
                    "name": words[0].split("-")[0].removeprefix("Benchmark"),
                    "ns": float(words[2]),
                    "bytes": int(words[4]),
                    "allocations": int(words[6]),
                }
            )
    return rows
