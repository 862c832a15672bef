"""Every benchmark runs, counts what all threads do, and the gate judges as it says. TAP; no times.

    test_benchmarks.py SOURCE_ROOT BUILD_ROOT

Instructions are judged by `make bench-gate` alone, on a release build.
"""
import contextlib
import importlib.machinery
import importlib.util
import io
import itertools
import json
import os
import re
import socket
import sys
import threading

source, build = sys.argv[1:3]
folder = os.path.join(source, "bench")
sys.path.insert(0, folder)
import document  # noqa: E402
import figures  # noqa: E402 (its folder is known only now)
import measure  # noqa: E402
import page  # noqa: E402
from budgets import Budgets  # noqa: E402

bench = measure.Bench(build)
cases = []


def load_run():
    """bench/run as a module; its name has no ending."""
    loader = importlib.machinery.SourceFileLoader("bench_run", os.path.join(folder, "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


def read(name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read()


sys.dont_write_bytecode = True
run = load_run()
budgets = Budgets(read("budgets"))


def case(function):
    """The name of a case is its function's, as a sentence."""
    cases.append((function.__name__.replace("_", " "), function))
    return function


def equal(got, expected):
    assert got == expected, "%r, and not %r" % (got, expected)


# ---- the programs ----------------------------------------------------------------------------------------------------

GO_LINE = re.compile(r"Benchmark(\w+)-\d+ +\d+ +\d+ ns/op +(\d+) B/op +(\d+) allocs/op$")


def go_benchmarks(provider):
    """Name, bytes and allocations of each line of bench-go."""
    first, *lines = measure.run(bench.program("go"), provider).splitlines()
    equal(first, "pkg: " + provider)
    found = [GO_LINE.match(line) for line in lines]
    assert all(found), "not as Go prints it: %s" % lines
    return [(match.group(1), int(match.group(2)), int(match.group(3))) for match in found]


def check_four(provider):
    lines = go_benchmarks(provider)
    equal([name for name, _, _ in lines], ["Generate", "StreamChat", "BindTools", "ConcurrentGenerate"])
    assert all(size > 0 and count > 0 for _, size, count in lines), "something is said to need no memory: %s" % lines
    equal(lines[3][1:], lines[0][1:])


@case
def mock_has_its_four_and_concurrent_calls_need_the_memory_of_one():
    check_four("mock")


@case
def example_custom_has_its_four_and_concurrent_calls_need_the_memory_of_one():
    check_four("example-custom")


@case
def no_kind_of_work_allocates_more_than_was_recorded():
    """On the same system or another, at any optimisation: these counts do not depend on it."""
    for row in budgets.rows:
        if row.unit == "allocations" or row.unit == "bytes":
            most = max(row.limit(system) for system in row.recorded)
            value = row.round(figures.take(bench, row.name))
            assert value <= most, "%s: %s, at most %s are allowed" % (row.name, value, most)


@case
def a_short_run_of_every_http_benchmark_ends():
    for kind, events in (("answer", 0), ("push", None), ("stream", 20)):
        got = bench.exchange_times(kind, 3, 2, "--tokens", "20")
        equal(len(got), 4)
        assert events is None or got[3] == events, "%s: %g events with text" % (kind, got[3])


@case
def two_hundred_open_streams_stay_within_their_memory():
    row = next(row for row in budgets.rows if row.name == "open-stream KiB")
    kib = bench.stream_memory("ours", 200)[1] / 1024
    most = max(row.limit(system) for system in row.recorded) * 1.1
    assert kib <= most, "%.2f KiB, at most %.2f are allowed" % (kib, most)


# ---- the bare program ------------------------------------------------------------------------------------------------

CHUNK = 'data: {"id":"1","object":"chat.completion.chunk","model":"any","choices":[{"index":0,%s}]}\n\n'
CHUNKS = (CHUNK % '"delta":{"content":"Hello"},"finish_reason":null' + CHUNK % '"delta":{},"finish_reason":"stop"' +
          "data: [DONE]\n\n")
ANSWER = ('{"id":"1","object":"chat.completion","model":"any","choices":[{"index":0,"message":{"role":"assistant",'
          '"content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}')
REPLY = "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"


def read_request(connection):
    """The bytes of one request with a body."""
    received = b""
    while True:
        head, blank, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if blank and length and len(body) >= int(length.group(1)):
            return received
        piece = connection.recv(65536)
        if not piece:
            return received
        received += piece


def request_of(kind, side):
    """What one side sends to a server, its lines in order."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        got = []

        def serve():
            connection, _ = server.accept()
            with connection:
                got.append(read_request(connection))
                body, content = (CHUNKS, "text/event-stream") if kind == "stream" else (ANSWER, "application/json")
                connection.sendall((REPLY % (content, len(body), body)).encode())
        thread = threading.Thread(target=serve)
        thread.start()
        measure.run(bench.program("http"), str(server.getsockname()[1]), kind, side, "1")
        thread.join()
    head, _, body = got[0].decode().partition("\r\n\r\n")
    return sorted(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", head).split("\r\n")) + [body]


@case
def the_bare_program_is_the_one_that_the_figures_were_compared_with():
    equal(run.thawed(), [])


@case
def the_bare_program_sends_the_bytes_that_we_send():
    for kind in ("answer", "push", "stream"):
        equal(request_of(kind, "bare"), request_of(kind, "ours"))


# ---- the clients that do jobs ----------------------------------------------------------------------------------------

def done(program, *options, **job):
    """What a client prints after one job."""
    with bench.peer("--tokens", "20") as port:
        line = json.dumps({"url": "http://127.0.0.1:%s/v1" % port, **job})
        return json.loads(measure.run(bench.program(program), *options, told=line + "\n"))


@case
def the_clients_do_jobs_whole_and_streamed_one_after_the_other_and_at_once():
    for command in (["client"], ["client", "--blocking"], ["client", "--count"], ["client-bare"]):
        equal(done(*command, calls=6, at_once=1)["events"], 6)
        equal(done(*command, calls=6, at_once=1, stream=True)["events"], 120)
        equal(done(*command, calls=6, at_once=3, stream=True)["events"], 120)
        equal(done(*command, calls=3, at_once=1, fresh=True, prompt_bytes=2000)["events"], 3)
    assert done("client", "--count", calls=6, at_once=1)["bytes"] > 0
    equal(done("client", calls=2, at_once=1, image_bytes=1000)["events"], 2)


# ---- the gate --------------------------------------------------------------------------------------------------------

EXAMPLE = """# A table.

system here  2026-01-01, libcurl 8.0

work  unit          target  here  what
a     instructions  1000    2000  far from its target
b     instructions  1000    990   at its target
c     allocations   -       3     without a target
"""


def judged(name, value):
    table = Budgets(EXAMPLE)
    return next(row for row in table.rows if row.name == name).holds(value, "here")


@case
def a_figure_may_grow_by_two_per_cent_and_no_more():
    equal([judged("a instructions", value) for value in (2000, 2040, 2041)], [True, True, False])


@case
def a_target_that_was_reached_is_the_limit():
    equal([judged("b instructions", value) for value in (1000, 1001)], [True, False])


@case
def an_allocation_more_is_too_many():
    equal([judged("c allocations", value) for value in (3.02, 4)], [True, False])


def gated(**found):
    """Status and output of the gate for the table above, with these figures measured; a list is measured one by one."""
    measures, need, name = figures.MEASURES, figures.NEED_CALLGRIND, run.system.name
    found = {work: iter(value) if isinstance(value, list) else itertools.repeat(value) for work, value in found.items()}
    figures.MEASURES = {row.name: lambda _, row=row: next(found[row.work]) for row in Budgets(EXAMPLE).rows}
    figures.NEED_CALLGRIND, run.system.name = set(), lambda: next(found["system"]) if "system" in found else "here"
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            status = run.gate(None, Budgets(EXAMPLE))
    finally:
        figures.MEASURES, figures.NEED_CALLGRIND, run.system.name = measures, need, name
    return status, output.getvalue()


@case
def the_gate_counts_in_its_last_line_and_fails_when_a_path_grew():
    status, output = gated(a=2000, b=990, c=3)
    equal((status, output.splitlines()[-1]), (0, "4 passed, 0 failed"))
    status, output = gated(a=2200, b=990, c=3)
    equal((status, output.splitlines()[-1]), (1, "3 passed, 1 failed"))
    assert "FAILED: a instructions: far from its target" in output, output


@case
def a_figure_above_its_limit_is_measured_again_and_the_least_of_three_counts():
    status, output = gated(a=[2200, 2100, 2010], b=990, c=3)
    equal((status, output.splitlines()[-1]), (0, "4 passed, 0 failed"))
    status, output = gated(a=[2200, 2100, 2050, 2000], b=990, c=3)
    equal((status, output.splitlines()[-1]), (1, "3 passed, 1 failed"))


@case
def a_bare_program_that_was_changed_fails_the_gate():
    frozen, run.FROZEN = run.FROZEN, os.path.join(build, "frozen-otherwise")
    with open(run.FROZEN, "w", encoding="ascii") as file:
        file.write("0" * 64 + "  bare.c\n")
    try:
        status, output = gated(a=2000, b=990, c=3)
    finally:
        run.FROZEN = frozen
    equal((status, output.splitlines()[-1]), (1, "3 passed, 1 failed"))
    assert "FAILED: bench/bare.c is not what the figures were compared with" in output, output


@case
def a_system_without_a_column_is_told_so_and_not_judged():
    status, output = gated(a=1, b=1, c=1, system="elsewhere")
    equal((status, output.splitlines()[-1]), (0, "1 passed, 0 failed, 3 skipped"))
    assert "nothing is recorded for elsewhere" in output, output


@case
def without_valgrind_what_it_counts_is_left_out_with_the_reason():
    have, measure.have_callgrind = measure.have_callgrind, lambda: False
    try:
        for name in ("generate instructions", "http-push ratio"):
            try:
                figures.take(bench, name)
            except figures.LeftOut as why:
                equal(str(why), "valgrind is not installed")
            else:
                raise AssertionError(name + " was measured")
    finally:
        measure.have_callgrind = have


@case
def every_budget_is_measured_and_nothing_else():
    equal([row.name for row in budgets.rows], list(figures.MEASURES))


@case
def the_table_is_as_the_program_writes_it():
    assert budgets.text() == read("budgets"), "write it again: bench/run --record build-bench"


@case
def the_page_shows_what_was_recorded():
    text = read("README.md")
    assert run.BEGIN in text, "the page has no marks"
    assert budgets.put_into(text) == text, "write it again: bench/run --record build-bench"


@case
def the_page_of_performance_has_the_tables_of_what_was_measured():
    equal(document.main(["--check"]), 0)


@case
def a_page_shows_all_sections_and_needs_nothing_else():
    text = page.whole(SURVEY, PEERS)
    for words in ("Where a peer is ahead", "<td>fast</td>", "Where instructions go", "How costs grow", "Streams and events", "Budgets"):
        assert words in text, words
    assert "<svg" in text and "prefers-color-scheme: dark" in text and "width=device-width" in text
    for words in ("<script", "<link", "src=", "@import", "url(", "http:"):
        assert words not in text, words


@case
def a_page_can_be_made_of_either_half():
    assert "Where instructions go" in page.whole(SURVEY, None)
    assert "Where instructions go" not in page.whole(None, PEERS)


@case
def a_peer_is_ahead_where_it_took_less_and_bare_libcurl_is_no_peer():
    equal([row["client"] for row, _ in page.ahead(PEERS)], ["fast"])
    assert "| fast | an answer | µs a call | 5.00 | 0.50 | 0.40 to 0.60 |" in document.ahead_table(PEERS)


@case
def what_is_recorded_becomes_the_limit_and_is_shown():
    table = Budgets(EXAMPLE)
    table.record("here", "2026-02-02, libcurl 9.0", {"a instructions": 1500.4})
    again = Budgets(table.text())
    equal(again.rows[0].limit("here"), 1530)
    equal(again.systems, {"here": "2026-02-02, libcurl 9.0"})
    assert "| far from its target | instructions | ≤ 1,000 | 1,500, not met |" in again.markdown(), again.markdown()


# ---- what is shown ---------------------------------------------------------------------------------------------------

ABOUT = {"system": "here", "description": "libcurl 8.0", "machine": "x86_64", "cores": 2, "load": 0.5, "rounds": 3}
COSTS = {name: {"instructions": 1000.0, "cpu_us": 2.0} for name in ("beluga", "bare libcurl")}
SURVEY = {
    "about": ABOUT,
    "budgets": [{"name": "a ratio", "what": "a <path>", "unit": "ratio", "target": 1.1, "value": 1.2}],
    "exchanges": [{"what": "an answer", "ours_us": 10.0, "bare_us": 8.0, "ratio": 1.25, "ours_instructions": 120.0,
                   "bare_instructions": 100.0, "instruction_ratio": 1.2}],
    "layers": [{"what": "an answer", "sides": [{"name": "beluga", "parts": {"libcurl": 60, "model": 40}}]}],
    "growth": {name: [{size: n, **COSTS} for n in (10, 1000)]
               for name, size in (("prompt", "bytes"), ("answer", "words"), ("stream", "pieces"))},
    "open_streams": [{"streams": 10, "ours_kib": 20.0, "own_kib": 4.5, "bare_kib": 21.0}],
    "event": {name: {"instructions": 2000.0, "ns": 500.0} for name in ("beluga", "yyjson")},
    "go": [{"provider": "mock", "name": "Generate", "ns": 900.0, "bytes": 1480, "allocations": 3}],
}
PEERS = {
    "about": ABOUT,
    "clients": [{"name": "fast", "language": "rust", "package": "fast", "version": "1.0", "skipped": None}],
    "measures": [{"name": "answer", "what": "an answer", "unit": "µs a call", "rows": [
        {"client": "beluga", "value": 10.0, "ratio": 1.0, "least": 1.0, "most": 1.0},
        {"client": "bare libcurl", "value": 8.0, "ratio": 0.8, "least": 0.8, "most": 0.8},
        {"client": "fast", "value": 5.0, "ratio": 0.5, "least": 0.4, "most": 0.6}, {"client": "slow", "reason": "it failed"}]}],
}


def main():
    failed = 0
    print("1..%d" % len(cases))
    for number, (name, function) in enumerate(cases, 1):
        try:
            function()
            print("ok %d - %s" % (number, name), flush=True)
        except (AssertionError, measure.Failed, OSError) as reason:
            failed += 1
            print("not ok %d - %s" % (number, name))
            print("# " + str(reason).replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


sys.exit(main())
