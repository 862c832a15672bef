"""Every benchmark runs, and its counts are within bounds. TAP; no times.

    test_benchmarks.py SOURCE_ROOT BUILD_ROOT INSTRUCTIONS

INSTRUCTIONS is "counted" for a build whose instructions mean something, or the reason why they are not.
"""
import os
import sys

source, build, counted = sys.argv[1:4]
sys.path.insert(0, os.path.join(source, "bench"))
import measure  # noqa: E402 (its folder is known only now)

# What it takes today at -O2, and a tenth. The budget is lower, and in the table of `make bench`.
GENERATE_INSTRUCTIONS = 5500
TELEMETRY_INSTRUCTIONS = 650

bench = measure.Bench(build)
cases = []


def case(function):
    """The name of a case is its function's, as a sentence."""
    cases.append((function.__name__.replace("_", " "), function))
    return function


def instruction_case(function):
    """A case that needs callgrind and an ordinary build."""
    def guarded():
        if counted != "counted":
            return "# SKIP " + counted
        if not measure.have_callgrind():
            return "# SKIP valgrind is not installed"
        return function()
    guarded.__name__ = function.__name__
    return case(guarded)


def at_most(what, value, most):
    assert value <= most, "%s: %g, at most %g are allowed" % (what, value, most)


@case
def generate_takes_at_most_three_allocations():
    at_most("allocations", bench.work_memory("generate")[1], 3)


@case
def telemetry_costs_generate_no_allocation():
    at_most("allocations", bench.work_memory("generate_observed")[1], 3)


@case
def a_pull_stream_takes_at_most_six_allocations():
    at_most("allocations", bench.work_memory("stream_chat")[1], 6)


@case
def bind_tools_takes_at_most_two_allocations():
    at_most("allocations", bench.work_memory("bind_tools")[1], 2)


@case
def an_event_of_a_stream_allocates_nothing():
    at_most("allocations", bench.work_memory("stream_event")[1], 0)


@instruction_case
def generate_takes_no_more_instructions_than_it_did():
    at_most("instructions", bench.work_instructions("generate"), GENERATE_INSTRUCTIONS)


@instruction_case
def a_sink_of_telemetry_costs_generate_few_instructions():
    more = bench.work_instructions("generate_observed") - bench.work_instructions("generate")
    at_most("instructions", more, TELEMETRY_INSTRUCTIONS)


@case
def the_librarys_own_telemetry_costs_generate_no_allocation():
    at_most("allocations", bench.work_memory("generate_exported")[1], 3)


@instruction_case
def a_sampled_call_with_its_attempt_costs_few_instructions():
    off, on = (bench.work_instructions(name, "beluga_generate_n") for name in ("generate", "generate_exported"))
    at_most("instructions", on - off, 4000)


@instruction_case
def bind_tools_stays_within_its_instructions():
    at_most("instructions", bench.work_instructions("bind_tools", "beluga_bind_tools"), 500)


@instruction_case
def an_event_stays_within_its_share_of_parsing():
    event, parse = (bench.work_instructions(name) for name in ("stream_event", "parse_event"))
    at_most("ratio", event / parse, 2.2)


@case
def a_short_run_of_the_http_benchmark_ends():
    with bench.peer() as port:
        assert len(measure.numbers(bench.program("http"), port, "answer", "3", "2")) == 4
    with bench.peer("--tokens", "20") as port:
        events = measure.numbers(bench.program("http"), port, "stream", "3", "2")[3]
    assert events == 20, "a stream of 20 words gave %g events" % events


@case
def two_hundred_open_streams_stay_within_their_memory():
    with bench.peer("--hold") as port:
        ours = measure.numbers(bench.program("streams"), port, "ours", "200")[1]
    at_most("bytes of ours", ours, 6 * 1024)


def main():
    failed = 0
    print("1..%d" % len(cases))
    for number, (name, function) in enumerate(cases, 1):
        try:
            remark = function()
            print("ok %d - %s %s" % (number, name, remark or ""), flush=True)
        except (AssertionError, measure.Failed) as reason:
            failed += 1
            print("not ok %d - %s" % (number, name))
            print("# " + str(reason).replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


sys.exit(main())
