"""Runs the Go original's four benchmarks and ours of the same names. No registry has the module, so a checkout is needed
(--original FOLDER). Its stream sleeps 50 ms for each word; a second build does not sleep. It uses an overlay of the Go
compiler, so that the checkout is not changed."""

import json
import os
import re
import shutil

import clients
import measure

EXAMPLE = os.path.join("examples", "llms", "custom_provider")
SLEEP = re.compile(r"^\s*time\.Sleep\(50 \* time\.Millisecond\)$", re.MULTILINE)
LINE = re.compile(r"Benchmark(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op\s+(\d+) B/op\s+(\d+) allocs/op")
# {benchmark: (its name in bench-work, and two counts whose difference is measured)}
TIMED = {
    "Generate": ("generate", 2000, 42000),
    "StreamChat": ("stream_chat", 2000, 22000),
    "BindTools": ("bind_tools", 20000, 420000),
}
MEMORY = ["-test.run", "^$", "-test.bench", ".", "-test.benchmem", "-test.benchtime", "100ms"]


def build(source, place, name, overlay=None):
    """Build the test program of the example. Returns its path."""
    out = os.path.join(place, name + ".test")
    options = ["-overlay", overlay] if overlay else []
    clients.run(
        source,
        place,
        "go",
        "test",
        "-c",
        *options,
        "-o",
        out,
        "./" + EXAMPLE,
        GOTOOLCHAIN="local",
        GOFLAGS="-buildvcs=false"
    )
    return out


def without_sleep(source, place):
    """Write an overlay in which the stream does not sleep. Returns its path."""
    path = os.path.join(os.path.abspath(source), EXAMPLE, "custom_llm_provider.go")
    with open(path, encoding="utf-8") as file:
        text, found = SLEEP.subn("", file.read())
    if not found:
        raise clients.Skipped("the original no longer sleeps where it did")
    other, overlay = os.path.join(place, "awake.go"), os.path.join(place, "overlay.json")
    with open(other, "w", encoding="utf-8") as file:
        file.write(text)
    with open(overlay, "w", encoding="utf-8") as file:
        json.dump({"Replace": {path: other}}, file)
    return overlay


def programs(source, place):
    """Return the test programs as {client: path}."""
    if not source:
        raise clients.Skipped("no registry has it: give a checkout, --original FOLDER")
    if not shutil.which("go"):
        raise clients.Skipped("go is not installed")
    os.makedirs(place, exist_ok=True)
    return {
        "Go original": build(source, place, "original"),
        "Go original, no sleep": build(source, place, "awake", without_sleep(source, place)),
    }


def memory_of(command):
    """Return {name of the benchmark: (bytes, allocations)}."""
    return {name: (float(size), float(count)) for name, _, size, count in LINE.findall(measure.run(*command))}


def cpu_ns(command_for, few, many):
    """Return the CPU time of one operation, in user space and in the kernel, as the difference of two processes."""
    return (measure.cpu_us(command_for(many), {}) - measure.cpu_us(command_for(few), {})) * 1000 / (many - few)


def take(bench, place, source, rounds):
    """Return the values of all rounds as {(unit, benchmark): {client: [value]}}."""
    theirs, found = programs(source, place), {}
    memory = {
        "beluga": [bench.program("go"), "mock"],
        "beluga, example-custom": [bench.program("go"), "example-custom"],
        **{client: [program, *MEMORY] for client, program in theirs.items()},
    }
    for client, command in memory.items():
        for name, numbers in memory_of(command).items():
            for unit, value in zip(("bytes an operation", "allocations an operation"), numbers):
                found.setdefault((unit, name), {})[client] = [value]
    for name, (work, few, many) in TIMED.items():
        values = found.setdefault(("ns of CPU an operation", name), {})
        for _ in range(rounds):
            values.setdefault("beluga", []).append(
                cpu_ns(lambda n, work=work: [bench.program("work"), work, str(n)], few, many)
            )
            for client, program in theirs.items():
                less, more = (few, many) if "sleep" in client or name != "StreamChat" else (4, 24)
                values.setdefault(client, []).append(
                    cpu_ns(lambda n, name=name, program=program: timed(program, name, n), less, more)
                )
    return found


def timed(program, name, n):
    return [program, "-test.run", "^$", "-test.bench", "^Benchmark%s$" % name, "-test.benchtime", "%dx" % n]
