"""Measures the figures of the table of budgets, each by its name."""
import json
import os
import resource
import shutil
import tempfile

import linked_in
import measure

ROUNDS = 15
STREAMS = 1000
SPARE_DESCRIPTORS = 100
KIB = 1024
WORD_BYTES = 4.9  # average length of a word of the scripted peer
MANY = 64


class LeftOut(Exception):
    """A figure that can't be measured here; the text is the reason."""


def more(bench, name, within=None):
    """Return how many more instructions a variant of `generate` takes than the plain one."""
    return bench.work_instructions(name, within) - bench.work_instructions("generate", within)


def exchange_ratio(bench, kind, *peer_options):
    ours, bare = (bench.exchange_count(measure.instructions, kind, side, *peer_options) for side in ("ours", "bare"))
    return ours / bare


def more_system_calls(bench, kind):
    if not bench.may_trace():
        raise LeftOut("a process may not trace another one here")
    return bench.exchange_system_calls(kind, "ours") - bench.exchange_system_calls(kind, "bare")


def answer_bytes(bench, times=10):
    """Return the bytes that a call on a caller's loop allocates, including libcurl's, when its connection is reused. libcurl
    allocates more where an answer is not there yet when it looks for it. So the client runs only when the server has nothing to
    do, and the least of many counts, for jobs of two calls less that for jobs of one."""
    with measure.one_core(), bench.peer() as port:
        jobs = "".join(times * measure.job_line(port, calls) for calls in (1, 2))
        lines = measure.run("chrt", "--idle", "0", *bench.client("client"), "--count", told=jobs).splitlines()
    costs = [json.loads(line)["bytes"] for line in lines[-2 * times:]]
    return min(costs[times:]) - min(costs[:times])


def open_streams(bench, side):
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed != resource.RLIM_INFINITY and allowed < STREAMS + SPARE_DESCRIPTORS:
        raise LeftOut("%d descriptors are allowed, too few for %d streams" % (allowed, STREAMS))
    return bench.stream_memory(side, STREAMS)


def command(bench):
    path = bench.path("beluga")
    if not os.path.exists(path):
        raise LeftOut("the command is not built")
    return path


def libraries(bench):
    """Return how many shared libraries the loader maps for the command."""
    return sum("=>" in line for line in measure.run("ldd", command(bench)).splitlines())


def stripped_size(bench):
    """Return the size in KiB without symbols, as packages install it, and without the parts of yyjson that are linked in."""
    if not shutil.which("strip"):
        raise LeftOut("strip is not installed")
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "library")
        library = os.path.realpath(bench.path("src", "libbeluga.so"))
        measure.run("strip", "-o", copy, library)
        return (os.path.getsize(copy) - linked_in.yyjson(library)) / KIB


def a_byte(more, less, size):
    """Return the instructions for each byte that one call has more than the other."""
    return (more - less) / size


def prompt_byte(bench, size=100000):
    return a_byte(bench.job_instructions("client", prompt_bytes=size), bench.job_instructions("client"), size)


def image_byte(bench, size=300000):
    return a_byte(bench.job_instructions("client", image_bytes=size), bench.job_instructions("client"), size)


def answer_byte(bench, words=20000):
    long, short = (bench.job_instructions("client", "--answer-words", str(n)) for n in (words, 20))
    return a_byte(long, short, (words - 20) * WORD_BYTES)


def many_at_once(bench):
    """Return the instructions of a stream of 100 events while 64 streams run, divided by those of a stream that runs alone."""
    several, alone = (bench.job_instructions("client", "--tokens", "100", stream=True, at_once=n) for n in (MANY, 1))
    return several / alone


MEASURES = {
    "generate instructions": lambda b: b.work_instructions("generate"),
    "generate bytes": lambda b: b.work_memory("generate")[0],
    "generate allocations": lambda b: b.work_memory("generate")[1],
    "stream instructions": lambda b: b.work_instructions("stream_chat"),
    "stream bytes": lambda b: b.work_memory("stream_chat")[0],
    "stream allocations": lambda b: b.work_memory("stream_chat")[1],
    "sink instructions": lambda b: more(b, "generate_observed"),
    # Without the work of the exporter's thread.
    "telemetry instructions": lambda b: more(b, "generate_exported", "beluga_generate_n"),
    "telemetry allocations": lambda b: b.work_memory("generate_exported")[1] - b.work_memory("generate")[1],
    "bind_tools instructions": lambda b: b.work_instructions("bind_tools", "beluga_bind_tools"),
    "bind_tools allocations": lambda b: b.work_memory("bind_tools")[1],
    "event ratio": lambda b: b.work_instructions("stream_event") / b.work_instructions("parse_event"),
    "event bytes": lambda b: b.work_memory("stream_event")[0],
    "event allocations": lambda b: b.work_memory("stream_event")[1],
    "http-answer ratio": lambda b: exchange_ratio(b, "answer"),
    "http-answer syscalls": lambda b: more_system_calls(b, "answer"),
    "http-push ratio": lambda b: exchange_ratio(b, "push"),
    "http-push syscalls": lambda b: more_system_calls(b, "push"),
    "http-push KiB": lambda b: answer_bytes(b) / KIB,
    "http-stream ratio": lambda b: exchange_ratio(b, "stream", "--tokens", "100"),
    "http-many ratio": many_at_once,
    "prompt per-byte": prompt_byte,
    "answer per-byte": answer_byte,
    "image per-byte": image_byte,
    "open-stream KiB": lambda b: open_streams(b, "ours")[1] / KIB,
    "open-stream ratio": lambda b: open_streams(b, "ours")[0] / open_streams(b, "bare")[0],
    "start-up instructions": lambda b: measure.instructions([command(b), "--version"]),
    "start-up libraries": libraries,
    "library KiB": stripped_size,
}
# Figures from callgrind. The others are counted by the programs themselves.
NEED_CALLGRIND = {name for name in MEASURES
                  if name.endswith((" instructions", " per-byte", " ratio")) and name != "open-stream ratio"}


def take(bench, name):
    """Return the figure with this name. Raises LeftOut if it can't be measured."""
    if name in NEED_CALLGRIND and not measure.have_callgrind():
        raise LeftOut("valgrind is not installed")
    return MEASURES[name](bench)


def times(bench):
    """Yield times for the report: pairs of a description and a time."""
    def ns(name, count):
        return "{:,.0f} ns".format(bench.work_ns(name, count))
    yield "`generate` on mock", ns("generate", 20000)
    yield "the same with its spans and metrics", ns("generate_exported", 20000)
    yield "`bind_tools` and the end of it", ns("bind_tools", 200000)
    yield "one event of a stream", ns("stream_event", 100000)
    yield "one event beside yyjson", "{:.2f}".format(bench.work_ratio("stream_event", "parse_event", ROUNDS, 50000))
    for what, kind, calls, options in (("HTTP `generate`", "answer", 200, ()),
                                       ("the same by a loop of the caller's", "push", 200, ()),
                                       ("push stream of 100 events", "stream", 50, ("--tokens", "100"))):
        bare, ours, ratio, _ = bench.exchange_times(kind, ROUNDS, calls, *options)
        yield what + ", CPU on one core", "{:.1f} µs; bare {:.1f} µs; {:.2f}".format(ours / 1000, bare / 1000, ratio)
    if os.path.exists(bench.path("beluga")):
        ours, bare = measure.numbers(bench.program("start"), "41", bench.path("beluga"), bench.program("hello"))
        yield "`beluga --version`", "{:.1f} ms; bare {:.1f} ms".format(ours / 1e6, bare / 1e6)
