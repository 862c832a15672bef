"""Run the benchmark programs of a build folder and read what they print.

Instructions come from callgrind, as the difference of two runs, so that the start and the end of a program
are not counted, and the same build gives the same number on a busy machine. A client and its server share
one core, so that a wait never overlaps with work.
"""
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile

SECONDS = 300
# A test runner may set MALLOC_PERTURB_, with which malloc fills memory. That work would be counted, too.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}
FEW, MANY = 200, 1200
FEW_EXCHANGES, MANY_EXCHANGES = 20, 120
FEW_TRACED, MANY_TRACED, TRACES = 5, 15, 12
FEW_CALLS, MANY_CALLS = 5, 25  # for jobs, whose calls may take long
INSIDE = {"stream_event", "parse_event"}  # pieces of work of bench-event; the others are bench-work's


class Failed(Exception):
    """One of our programs failed."""


def run(*command, told=None):
    """Run a command with `told` as its standard input, and return its output."""
    done = subprocess.run(command, env=ENVIRONMENT, input=told, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise Failed("%s: exit status %d\n%s" % (" ".join(command), done.returncode, done.stderr))
    return done.stdout


def cpu_us(command, variables):
    """Run a command with some variables more; return the CPU time of its process and of what it waited for."""
    with subprocess.Popen(command, env=dict(ENVIRONMENT, **variables), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:
        complaint = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed("%s: exit status %d\n%s" % (" ".join(command), process.returncode, complaint))
    return (used.ru_utime + used.ru_stime) * 1e6


def numbers(*command):
    """Run a command that prints numbers."""
    return [float(word) for word in run(*command).split()]


def have_callgrind():
    return shutil.which("valgrind") is not None


def callgrind(out, command, options=(), told=None):
    """Run a command under callgrind, which writes its profile to `out`. `told` is the command's standard input."""
    # `out` must not be /dev/null: callgrind removes its output file first, and root may remove /dev/null.
    return subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, *options, *command], env=ENVIRONMENT,
                          input=told, capture_output=True, text=True, timeout=SECONDS, check=False)


def instructions(command, within=None, told=None):
    """Count the instructions of a command in user space, or only those inside one function."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--toggle-collect=" + within] if within else []
        done = callgrind(os.path.join(folder, "out"), command, options, told)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise Failed("valgrind %s:\n%s" % (" ".join(command), done.stderr))
    return int(found.group(1))


@contextlib.contextmanager
def one_core():
    """A context in which all started programs run on one core only."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def job_line(port, calls, at_once=1, **job):
    """Return a line with a job for a client (job.h)."""
    return json.dumps({"url": "http://127.0.0.1:%s/v1" % port, "calls": calls, "at_once": at_once, **job}) + "\n"


class Bench:
    """The programs of a build folder."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def program(self, name):
        return self.path("bench", "bench-" + name)

    def client(self, name):
        """Return the command of a client that does jobs. "client-waiting" is our client with blocking calls."""
        return [self.program("client"), "--blocking"] if name == "client-waiting" else [self.program(name)]

    def worker(self, name):
        return self.program("event" if name in INSIDE else "work")

    def work_ns(self, name, count):
        return numbers(self.worker(name), name, str(count))[0]

    def work_memory(self, name, count=1000):
        """Return the bytes and the allocations of one piece of work, as the average of many."""
        return numbers(self.worker(name), "-m", name, str(count))

    def work_instructions(self, name, within=None):
        """Return the instructions of one piece of work."""
        few, many = (instructions([self.worker(name), name, str(n)], within) for n in (FEW, MANY))
        return (many - few) / (MANY - FEW)

    def exchange_count(self, count, kind, side, *peer_options):
        """Return what the function `count` finds for one exchange over HTTP, of a kind and a side of bench-http."""
        def of(exchanges):
            with one_core(), self.peer(*peer_options) as port:
                return count([self.program("http"), port, kind, side, str(exchanges)])
        return (of(MANY_EXCHANGES) - of(FEW_EXCHANGES)) / (MANY_EXCHANGES - FEW_EXCHANGES)

    def exchange_system_calls(self, kind, side):
        """Return the system calls of one exchange over HTTP. A client that has to wait once more, since another program ran in
        between, makes more of them; so each run is short, and the least of many counts."""
        def of(exchanges):
            with one_core(), self.peer() as port:
                return min(self.system_calls([self.program("http"), port, kind, side, str(exchanges)]) for _ in range(TRACES))
        return (of(MANY_TRACED) - of(FEW_TRACED)) / (MANY_TRACED - FEW_TRACED)

    def job_instructions(self, program, *peer_options, at_once=1, **job):
        """Return the instructions of one call of a job (job.h) by a client program, with `at_once` calls at once."""
        few, many = max(FEW_CALLS, at_once), max(MANY_CALLS, 3 * at_once)

        def of(calls):
            with one_core(), self.peer(*peer_options) as port:
                return instructions(self.client(program), told=job_line(port, calls, at_once=at_once, **job))
        return (of(many) - of(few)) / (many - few)

    def system_calls(self, command):
        """Return the number of system calls of a command, on all its threads."""
        return numbers(self.program("calls"), *command)[0]

    def may_trace(self):
        return subprocess.run([self.program("calls"), "/bin/true"], capture_output=True, check=False).returncode == 0

    def exchange_times(self, kind, rounds, calls, *peer_options):
        """Measure CPU time in turns. Returns bare ns, our ns, their ratio, and the events of one exchange."""
        with one_core(), self.peer(*peer_options) as port:
            return numbers(self.program("http"), port, kind, "turns", str(rounds), str(calls))

    def stream_memory(self, side, count):
        """Return the bytes of memory of one of `count` open streams: in all, and from our allocator."""
        with self.peer("--hold") as port:
            return numbers(self.program("streams"), port, side, str(count))

    def work_ratio(self, name, other, rounds, count):
        """Return the median ratio of the times of two pieces of work, measured in turns."""
        return statistics.median(self.work_ns(name, count) / self.work_ns(other, count)
                                 for _ in range(rounds))

    @contextlib.contextmanager
    def peer(self, *options):
        """A context in which the scripted peer runs. Yields its port."""
        command = [self.path("peer", "beluga-peer"), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                found = re.match(r"listening 127\.0\.0\.1:(\d+)", server.stdout.readline())
                if not found:
                    raise Failed("beluga-peer does not listen")
                yield found.group(1)
            finally:
                server.terminate()
