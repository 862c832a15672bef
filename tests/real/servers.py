"""Real servers for the tests: started on a port of their own choice, stopped with everything they started."""
import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_SECONDS = 120
STOP_SECONDS = 5
POLL_SECONDS = 0.02
LISTENING = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")


class Unavailable(Exception):
    """This machine does not have the server; the message says why."""


def wait_until_listening(process, log):
    """The address that the server says it listens on."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        ended = process.poll() is not None
        log.seek(0)
        said = log.read().decode(errors="replace")
        found = LISTENING.search(said)
        if found:
            return found.group(1)
        if ended:
            break
        time.sleep(POLL_SECONDS)
    raise RuntimeError("the server did not start: " + said[-2000:])


def stop(process):
    """End the server and what it started; it has nothing to save."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def server(script, *options):
    """Run scripts/SCRIPT until the block ends; gives its base URL."""
    command = os.path.join(ROOT, "scripts", script)
    here = subprocess.run([command, "--installed"], capture_output=True, text=True, check=False)
    if here.returncode:
        raise Unavailable((here.stderr.strip().splitlines() or ["no reason given"])[-1])
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([command, "0", *options], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield wait_until_listening(process, log)
        finally:
            stop(process)
