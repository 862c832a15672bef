"""Point real clients at `beluga serve`, in front of services that fail on purpose. See scripts/check-gateway."""
import argparse
import contextlib
import fcntl
import itertools
import json
import os
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "real")]

import agents  # noqa: E402  (below what makes them found)
import faults  # noqa: E402
import gateway  # noqa: E402
import judge  # noqa: E402
import servers  # noqa: E402
import shapes  # noqa: E402
import sixteen  # noqa: E402
from upstream import Upstream  # noqa: E402

FETCH = os.path.join(gateway.ROOT, "scripts", "fetch-clients")
AT_ONCE = "6"  # jobs of one client
CLIENTS = {  # name: where it is, its program, its APIs
    "openai-python": ("python", "openai_client.py", ["chat", "responses", "responses-helper"]),
    "anthropic-python": ("python", "anthropic_client.py", ["messages", "messages-helper"]),
    "langchain": ("python", "langchain_client.py", ["chat", "responses"]),
    "openai-node": ("node", "openai_client.mjs", ["chat", "chat-helper", "responses", "responses-helper"]),
    "anthropic-node": ("node", "anthropic_client.mjs", ["messages", "messages-helper"]),
    "vercel": ("node", "vercel_client.mjs", ["chat", "responses", "messages"]),
}
CASES = {"ok": "text", "tools": "tools", "parallel": "tools", "reasoning": "reasoning", "image": "image", "schema": "schema"}
MODES = ("plain", "first_content", "hold")
CLOSE_SECONDS = 1.0  # until the upstream sees that a client has gone; generous, for a busy machine
numbers = itertools.count(1)
counts = {"passed": 0, "failed": 0, "skipped": 0}


def report(wrong, title, detail="", verbose=False):
    counts["failed" if wrong else "passed"] += 1
    if wrong:
        print(f"not ok - {title}: {wrong}\n    {detail}", flush=True)
    elif verbose:
        print(f"ok - {title}", flush=True)


def skip(title, reason):
    counts["skipped"] += 1
    print(f"ok - {title} # SKIP {reason}", flush=True)


def make_job(client, api, model, case, stream, **more):
    number = next(numbers)
    return {"id": number, "client": client, "api": api, "model": model, "case": case, "stream": stream,
            "prompt": f"job-{number}: How does water boil?", **more}


def environment_of(where):
    folder = subprocess.run([FETCH, "--path", where], capture_output=True, text=True, check=True).stdout.strip()
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return dict(environment, CLIENTS=folder, PYTHONPATH=folder, PYTHONDONTWRITEBYTECODE="1")


def run(client, origin, jobs, key="any", at_once=AT_ONCE):
    """Let a client do jobs; gives (job, what it saw, when), as they end."""
    where, program, _ = CLIENTS[client]
    command = [sys.executable if where == "python" else "node", os.path.join(HERE, program), "--jobs", at_once]
    by_id = {job["id"]: job for job in jobs}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment_of(where))
    for job in jobs:
        process.stdin.write(json.dumps({"base": origin, "key": key, **job}) + "\n")
    process.stdin.close()
    for line in process.stdout:
        seen = json.loads(line)
        yield by_id.pop(seen["id"]), seen, time.monotonic()
    if process.wait() or by_id:
        report(f"the program ended with status {process.returncode}, {len(by_id)} jobs were not done", client)


def title_of(job, mode):
    return f"{job['client']} {job['api']}, {job['model']}{' streamed' if job['stream'] else ''} [{mode}]"


def brief(seen, job, upstream):
    asked = upstream.jobs.get(job["id"])
    return json.dumps(dict(seen, upstream_requests=len(asked.requests) if asked else 0), ensure_ascii=False)[:1500]


# ---- what is checked

def fault_jobs(client, options):
    for api in CLIENTS[client][2]:
        for fault in faults.FAULTS:
            if options.faults and fault.name not in options.faults:
                continue
            for protocol in fault.protocols:
                for stream in fault.streamed:
                    # An SDK's helper is for streams alone.
                    if protocol in options.upstreams and (stream or not api.endswith("helper")):
                        case = "tools" if fault.name == "tool-cut" else "text"
                        yield fault, make_job(client, api, f"{protocol}-{fault.name}", case, stream)


def check_faults(client, origin, upstream, mode, options):
    pairs = list(fault_jobs(client, options))
    fault_of = {job["id"]: fault for fault, job in pairs}
    for job, seen, _ in run(client, origin, [job for _, job in pairs]):
        wrong = judge.of_fault(fault_of[job["id"]], job, seen, upstream.job(job["id"]), mode)
        report(wrong, title_of(job, mode), brief(seen, job, upstream), options.verbose)


def check_cases(client, origin, upstream, options):
    jobs = []
    for api, (model, case), protocol, stream in itertools.product(CLIENTS[client][2], CASES.items(), options.upstreams,
                                                                   (False, True)):
        if stream or not api.endswith("helper"):
            jobs.append(make_job(client, api, f"{protocol}-{model}", case, stream))
    for job, seen, _ in run(client, origin, jobs):
        wrong = judge.of_case(job, seen, job["model"].split("-")[0])
        report(wrong, title_of(job, "case"), brief(seen, job, upstream), options.verbose)


def closed_in_time(upstream, job, since):
    """What is wrong with how the upstream saw a client go."""
    seen = upstream.job(job["id"])
    while time.monotonic() < since + CLOSE_SECONDS and not seen.closed_early:
        time.sleep(0.01)
    if not seen.requests:
        return "the upstream was never asked"
    if not seen.closed_early:
        return f"the upstream did not see the client go within {CLOSE_SECONDS} s"
    return None


def check_going(client, origin, upstream, options):
    """Clients that go: after the first delta, and before it."""
    jobs = []
    for api, protocol in itertools.product(CLIENTS[client][2], options.upstreams):
        jobs.append(make_job(client, api, f"{protocol}-slow", "cancel", True))
        jobs.append(make_job(client, api, f"{protocol}-quiet", "text", True, timeout=1.5))
        if not api.endswith("helper"):
            jobs.append(make_job(client, api, f"{protocol}-quiet", "text", False, timeout=1.5))
    for job, seen, when in run(client, origin, jobs):
        wrong = None
        if job["case"] == "cancel" and seen["outcome"] == "error" and "bort" not in seen["error"]:
            wrong = "an error"
        if job["case"] != "cancel" and seen["outcome"] != "error":
            wrong = "no error, though nothing was answered"
        report(wrong or closed_in_time(upstream, job, when), title_of(job, "goes"), brief(seen, job, upstream), options.verbose)


def check_others(client, origin, upstream, llama, options):
    """The mock, a real server, lists, embeddings, counts and what the gateway itself refuses."""
    apis = CLIENTS[client][2]
    jobs = [make_job(client, api, model, "text", stream) for api in apis for model in ("mock", "nobody-has-this")
            for stream in (False, True)]
    if llama:
        jobs += [make_job(client, api, "llama", "text", stream) for api in apis for stream in (False, True)]
    if client.startswith("openai"):
        jobs += [make_job(client, "embeddings", "chat-embed", "embeddings", False)]
    if client == "vercel":
        jobs += [make_job(client, "embeddings", "chat-embed", "embeddings", False)]
    if client.startswith(("openai", "anthropic")):
        jobs += [make_job(client, "models", "", "models", False)]
    if client.startswith("anthropic"):
        jobs += [make_job(client, "count", f"{protocol}-ok", "count", False) for protocol in (shapes.CHAT, shapes.MESSAGES)]
    for job, seen, _ in run(client, origin, jobs):
        report(of_other(job, seen), title_of(job, "other"), brief(seen, job, upstream), options.verbose)


def of_other(job, seen):
    if job["model"] == "nobody-has-this":
        return judge.of_status(seen, 404)
    if seen["outcome"] == "error":
        return "an error"
    if job["case"] == "embeddings":
        return judge.of_embeddings(seen)
    if job["case"] == "models":
        return judge.of_models(seen)
    if job["case"] == "count":
        return None if seen.get("count", 0) > 0 else f"the count is {seen.get('count')}"
    if job["model"] == "mock":
        return None if seen["text"] == "This is a mock response." else "not the text of the mock"
    return None if seen["text"] and seen.get("finish") else "no text, or no end"


def check_keys(client, origin, upstream, options):
    apis = CLIENTS[client][2]
    for key, right in ((gateway.KEY, True), ("sk-of-nobody", False)):
        jobs = [make_job(client, api, "chat-ok", "text", stream) for api in apis for stream in (False, True)]
        for job, seen, _ in run(client, origin, jobs, key):
            wrong = judge.of_text(job, seen, shapes.CHAT) if right else judge.of_status(seen, 401)
            report(wrong, title_of(job, "a right key" if right else "a wrong key"), brief(seen, job, upstream), options.verbose)


def count_direct(client, upstream, options):
    """Tell how many half answers look whole to a client without a gateway: no check, but what it is worth."""
    fault_of, jobs = {}, []
    for fault, job in fault_jobs(client, options):
        protocol, _, model = job["model"].partition("-")
        if job["api"].startswith(protocol) and fault.right == "error":
            fault_of[job["id"]] = fault
            jobs.append(dict(job, model=model, timeout=5))
    half = [job for job, seen, _ in run(client, upstream.origin, jobs)
            if seen["outcome"] != "error" and not judge.whole_text(fault_of[job["id"]], seen["text"])]
    print(f"# {client} without a gateway: {len(half)} of {len(jobs)} half answers look whole: "
          + ", ".join(sorted({f"{job['api']} {job['model']}" for job in half})), flush=True)


# ---- all of it

def available(options):
    """The clients that this machine has."""
    for client, (where, _, _) in CLIENTS.items():
        if client not in options.clients:
            continue
        here = subprocess.run([FETCH, "--installed", where], capture_output=True, text=True, check=False)
        if here.returncode:
            skip(client, (here.stderr.strip().splitlines() or ["not fetched"])[-1])
        else:
            yield client


def show(client, what, before, began):
    done, bad = (counts[name] - before[name] for name in ("passed", "failed"))
    print(f"# {client}, {what}: {done} passed, {bad} failed ({time.monotonic() - began:.0f} s)", flush=True)


def with_gateway(what, clients, check, options, upstream, **settings):
    """Run a check of each client in front of a gateway of its own settings."""
    if what not in options.parts:
        return
    with gateway.serving(options.beluga, upstream.origin, **settings) as (origin, process):
        for client in clients:
            before, began = dict(counts), time.monotonic()
            check(client, origin)
            show(client, what, before, began)
        report("it has ended" if process.poll() is not None else None, f"beluga serve lives on behind {what}")


def everything(options, upstream, llama):
    clients = list(available(options))
    with_gateway("cases", clients, lambda client, origin: check_cases(client, origin, upstream, options), options, upstream)
    with_gateway("others", clients, lambda client, origin: check_others(client, origin, upstream, llama, options), options,
                 upstream, llama=llama)
    with_gateway("going", clients, lambda client, origin: check_going(client, origin, upstream, options), options, upstream)
    with_gateway("keys", clients, lambda client, origin: check_keys(client, origin, upstream, options), options, upstream,
                 keys=True)
    for mode in MODES:
        failover = "first_content" if mode == "plain" else mode
        with_gateway(mode, clients, lambda client, origin, mode=mode: check_faults(client, origin, upstream, mode, options),
                     options, upstream, failover=failover, fallback=mode != "plain")
    if "sixteen" in options.parts:
        sixteen.check(options, run, make_job, report, skip)
    if "agents" in options.parts:
        agents.check(options, upstream, report, skip)
    if "direct" in options.parts:
        for client in clients:
            count_direct(client, upstream, options)


def raise_loopback():
    """A network namespace begins with its loopback down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        set_flags, up_and_running = 0x8914, 0x41
        fcntl.ioctl(s, set_flags, struct.pack("16sH14s", b"lo", up_and_running, b""))


def list_of(text):
    return text.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beluga", default=os.path.join(gateway.ROOT, "build", "beluga"))
    parser.add_argument("--clients", type=list_of, default=list(CLIENTS), help="of " + ", ".join(CLIENTS))
    parser.add_argument("--upstreams", type=list_of, default=list(shapes.PROTOCOLS), help="of " + ", ".join(shapes.PROTOCOLS))
    parser.add_argument("--faults", type=list_of, default=[], help="names of faults.py alone")
    parser.add_argument("--parts", type=list_of, default=["cases", "others", "going", "keys", *MODES, "sixteen", "agents"],
                        help="of cases, others, going, keys, plain, first_content, hold, sixteen, agents, direct")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if os.environ.get("BELUGA_LOOPBACK_ONLY"):
        raise_loopback()
    upstream = Upstream()
    with contextlib.ExitStack() as running:
        llama = None
        if "others" in options.parts:
            try:
                llama = running.enter_context(servers.server("llama-server")) + "/v1"
            except servers.Unavailable as reason:
                skip("a real llama.cpp server", reason)
        everything(options, upstream, llama)
    upstream.stop()
    print(f"\n{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main()
