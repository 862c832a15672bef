"""`beluga serve` with a configuration that has a model for each way to fail of each protocol."""
import contextlib
import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time

import faults
import shapes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
KEY = "sk-of-the-gateway"
LISTENING = re.compile(r"(http://127\.0\.0\.1:\d+)")
BASES = {shapes.CHAT: ("openai", "/v1"), shapes.RESPONSES: ("openai-responses", "/v1"), shapes.MESSAGES: ("anthropic", ""),
         shapes.GEMINI: ("gemini", "")}
# Models that do not fail: a case of the clients each.
WORKING = ["ok", "tools", "parallel", "reasoning", "image", "schema", "slow", "embed", "shell"]
# These wait for a time-out of the gateway; for the others it must never be the cause, however slow the machine.
WAITING = {fault.name for fault in faults.FAULTS if fault.slow and "once" not in fault.name}
QUICK = "timeout: 1500ms, first_event_timeout: 1500ms, idle_timeout: 1500ms"
PATIENT = "timeout: 60s"


def models(fallback):
    for protocol in shapes.PROTOCOLS:
        for name in dict.fromkeys(WORKING + [fault.name for fault in faults.FAULTS]):
            times = QUICK if name in WAITING else PATIENT
            more = f", fallback: [{protocol}-backup]" if fallback else ""
            yield f"  {protocol}-{name}: {{model: up-{protocol}/{name}, max_retries: 1, retry_delay: 100ms, {times}{more}}}"
        yield f"  {protocol}-backup: {{model: up-{protocol}/ok, max_retries: 1, {PATIENT}}}"
        # Silent as well, but the gateway has patience.
        yield f"  {protocol}-quiet: {{model: up-{protocol}/silent, max_retries: 0, {PATIENT}}}"


def configuration(origin, llama, failover, fallback, keys):
    lines = ["providers:"]
    for protocol, (base, path) in BASES.items():
        lines.append(f"  up-{protocol}: {{base: {base}, base_url: \"{origin}{path}\", api_key: key-of-the-upstream}}")
    if llama:
        lines.append(f"  real: {{base: llama-server, base_url: \"{llama}\"}}")
    lines += ["models:", "  mock: {model: mock/any}", *models(fallback)]
    if llama:
        lines.append("  llama: {model: real/tiny, max_tokens: 16, timeout: 60s}")
    lines += ["serve:", "  listen: 127.0.0.1:0", f"  stream_failover: {failover}"]
    if keys:
        lines += ["  keys:", f"    - {{name: alice, sha256: {hashlib.sha256(KEY.encode()).hexdigest()}}}"]
    return "\n".join(lines) + "\n"


def wait_until_listening(process, path):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        ended = process.poll() is not None
        with open(path, encoding="utf-8", errors="replace") as log:
            said = log.read()
        found = LISTENING.search(said)
        if found:
            return found.group(1)
        if ended:
            break
        time.sleep(0.02)
    raise RuntimeError("beluga serve did not start: " + said[-2000:])


def serving(beluga, origin, llama=None, failover="first_content", fallback=False, keys=False):
    """Run `beluga serve` in front of an upstream."""
    return serving_configuration(beluga, configuration(origin, llama, failover, fallback, keys))


@contextlib.contextmanager
def serving_configuration(beluga, text):
    """Run `beluga serve`; gives its origin and process. What it said is shown where it ends badly."""
    with tempfile.TemporaryDirectory() as home:
        config = os.path.join(home, "beluga.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write(text)
        environment = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        for name in ("LSAN_OPTIONS", "ASAN_OPTIONS", "BELUGA_LOG"):
            if name in os.environ:
                environment[name] = os.environ[name]
        said = os.path.join(home, "said")
        with open(said, "wb") as log:
            process = subprocess.Popen([beluga, "serve", "--config", config], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        try:
            yield wait_until_listening(process, said), process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                status = process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                status = process.wait()
            if status not in (0, -signal.SIGTERM):
                with open(said, encoding="utf-8", errors="replace") as log:
                    print(f"# beluga serve ended with status {status}:\n" + re.sub("(?m)^", "# ", log.read()[-6000:]))
