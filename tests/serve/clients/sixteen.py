"""The sixteen faults that callers of models meet (tests/faults), through `beluga serve` with stream_failover: hold.

The peer plays them by the model's name, s01 … s16; a real client asks for a stream, and has one try.
"""
import json
import os
import subprocess
import tempfile

import gateway

PEER = os.path.join(gateway.ROOT, "build", "peer", "beluga-peer")
DIVISOR = 10  # time goes so much faster
WHOLE = "The quick brown fox jumps over the lazy dog. Then" * 6
OUTAGE_CALLS, OUTAGE_SECONDS = 30, 4  # some more than the catalogue, since clients begin late on a busy machine
SCENARIOS = [f"s{number:02}" for number in range(1, 17)]


def configuration(url):
    """What an operator would write."""
    def ms(full):
        return f"{max(100, full // DIVISOR)}ms"
    lines = [f"providers:\n  openai: {{base_url: \"{url}\", api_key: key}}\nmodels:"]
    for name in SCENARIOS:
        lines.append(f"  {name}: {{model: openai/{name}, max_retries: 2, retry_delay: {ms(500)}, timeout: {ms(30000)}, "
                     f"idle_timeout: {ms(15000)}, first_event_timeout: {ms(10000)}, breaker_failures: 3, "
                     f"breaker_open_time: {ms(10000)}, fallback: [backup]}}")
    lines += ["  backup: {model: openai/peer-backup}", "serve: {listen: \"127.0.0.1:0\", stream_failover: hold}"]
    return "\n".join(lines) + "\n"


def start_peer(folder):
    log = os.path.join(folder, "peer.log")
    peer = subprocess.Popen([PEER, "--time-divisor", str(DIVISOR), "--log", log], stdout=subprocess.PIPE, text=True)
    return peer, f"http://{peer.stdout.readline().split()[-1]}/v1", log


def requests_of(log, model):
    """When the peer was asked for a model."""
    with open(log, encoding="utf-8") as f:
        return [one["time"] for one in map(json.loads, f) if one["model"] == model]


def attempts_wrong(name, asked):
    """What is wrong with how often and when a model was asked."""
    gaps = [b - a for a, b in zip(asked, asked[1:])]
    if name == "s01" and (len(asked) != 2 or gaps[0] < 1.8):
        return f"Retry-After was not heeded: {gaps}"
    if name in ("s02", "s04", "s16") and len(asked) > 6:
        return f"{len(asked)} attempts"
    if name in ("s03", "s05") and len(asked) != 2:
        return f"{len(asked)} attempts, not 2"
    if name in ("s06", "s12", "s13") and len(asked) != 1:
        return f"{len(asked)} attempts, not 1"
    if name == "s15" and len(asked) >= 3 * OUTAGE_CALLS / 2:
        return "the provider was asked all the time"
    return None


def wrong(name, seen, log):
    """What is wrong with a scenario; None: it passes."""
    for one in seen:
        if name == "s13":
            if one["outcome"] != "error" or "safety system" not in one["error"]:
                return f"the provider's reason did not arrive: {one}"
        elif one["outcome"] == "error" or one["text"] != WHOLE:
            return f"not the whole answer: {json.dumps(one)[:600]}"
        elif not one.get("usage"):
            return "no usage"
        elif one["seconds"] > 45 / DIVISOR + 20:
            return f"it took {one['seconds']} s"
    if name == "s15" and seen[-1]["model"] == "peer-backup":
        return "it did not return after the recovery"
    if name == "s16" and seen[-1]["model"] != "peer-backup":
        return "the answer does not name the fallback"
    return attempts_wrong(name, requests_of(log, name))


def check(options, run, make_job, report, skip):
    client = "openai-python"
    if client not in options.clients:
        return skip("the sixteen faults", f"needs {client}")
    with tempfile.TemporaryDirectory() as folder:
        peer, url, log = start_peer(folder)
        try:
            with gateway.serving_configuration(options.beluga, configuration(url)) as (origin, _):
                calls = [(name, 0) for name in SCENARIOS if name != "s15"]
                calls += [("s15", i * OUTAGE_SECONDS / DIVISOR) for i in range(OUTAGE_CALLS)]
                jobs = [make_job(client, "chat", name, "text", True, after=after, timeout=100) for name, after in calls]
                seen = {}
                for job, one, _ in run(client, origin, jobs, at_once=str(len(jobs))):
                    seen.setdefault(job["model"], []).append((job["id"], one))
                for name in SCENARIOS:
                    in_order = [one for _, one in sorted(seen[name], key=lambda pair: pair[0])]
                    report(wrong(name, in_order, log), f"{name} through the gateway, held", "", options.verbose)
        finally:
            peer.terminate()
            peer.wait()
    return None
