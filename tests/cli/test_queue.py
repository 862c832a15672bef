#!/usr/bin/env python3
"""`beluga batch` over many machines, at a real nats-server. TAP.

    test_queue.py BUILD_FOLDER

The server is that of scripts/nats-server; without one, and in a build without NATS, all is skipped.
"""
import http.server
import importlib.machinery
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 300


def load(path):
    """A script is a module, too."""
    loader = importlib.machinery.SourceFileLoader("queue_torture", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


torture = load(os.path.join(HERE, "..", "..", "scripts", "queue-torture"))


class Provider(http.server.ThreadingHTTPServer):
    """A service that speaks Chat Completions, and answers or refuses as it is told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.requests, self.lock = 200, 0, threading.Lock()
        self.failures, self.times = 0, []  # refused requests at the beginning; when each request came
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.requests += 1
            self.server.times.append(time.monotonic())
            refused = self.server.requests <= self.server.failures
        status = 503 if refused else self.server.status
        message = {"role": "assistant", "content": "Hello"}
        body = {"id": "x", "object": "chat.completion", "model": "peer-chat",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}}
        if status != 200:
            body = {"error": {"message": "no", "type": "invalid_request_error", "code": "refused"}}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Site:
    """One server, a folder, and the command."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.folder = tempfile.mkdtemp(prefix="beluga-queue-")
        self.servers = torture.Servers(self.folder, 1, torture.Network(1, 0))
        self.environment = {"HOME": self.folder, "PATH": os.defpath}
        self.environment.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        self.processes, self.jobs = [], 0

    def address(self, ack_wait=60):
        """The address of a job that no other case uses. No claim ends by itself, unless its worker was killed."""
        self.jobs += 1
        return f"nats://127.0.0.1:{self.servers.ports[0]}/job{self.jobs}?ack_wait={ack_wait}"

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def numbers(self, name, n):
        return self.write(name, "".join(json.dumps({"id": f"id-{i}", "prompt": f"number {i}"}) + "\n" for i in range(n)))

    def start(self, *arguments, **more):
        process = subprocess.Popen([os.path.join(self.build, "beluga"), "batch", *arguments], text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(self.environment, **more))
        self.processes.append(process)
        return process

    def finish(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def run(self, *arguments, **more):
        return self.finish(self.start(*arguments, **more))

    def wait_for_job(self, job):
        wait_for(lambda: self.run("--status", job, "--json")[0] == 0, "the job")

    def results(self, name):
        with open(self.path(name)) as file:
            return [json.loads(line) for line in file]

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.servers.close()
        subprocess.run(["rm", "-rf", self.folder], check=True)


def wait_for(what, why):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if what():
            return
        time.sleep(0.02)
    raise AssertionError(f"in vain: {why}")


def request(site, subject, text=b""):
    """Send a message to the server as another client would, by the protocol itself, and wait until it has arrived."""
    with socket.create_connection(("127.0.0.1", site.servers.ports[0]), timeout=PATIENCE) as server, server.makefile("rb") as answers:
        server.sendall(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\n'
                       + f"PUB {subject} answer {len(text)}\r\n".encode() + text + b"\r\nPING\r\n")
        for line in answers:
            if line.startswith(b"MSG answer"):
                return json.loads(answers.readline())
    raise AssertionError(f"no answer to {subject}")


def count_lines(path):
    try:
        with open(path, "rb") as file:
            return file.read().count(b"\n")
    except OSError:
        return 0


def ids(results):
    return sorted(r["id"] for r in results)


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, and not {wanted!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"there is no {part!r} in {text!r}")


# Model and options that shape answers belong to the job, from which workers get them.
FAST = ("-m", "mock/echo")
SLOW = (*FAST, "-o", "mock.latency_ms=30")
SLOWER = (*FAST, "-o", "mock.latency_ms=100")


# ---- cases --------------------------------------------------------------------------------------


def two_workers_ask_all_lines_once_and_in_order(site):
    job, source, out = site.address(), site.numbers("a.jsonl", 300), site.path("a.out")
    collector = site.start(source, "--out", out, "-m", "mock/echo", "--queue", job, "--ordered", "--json")
    workers = [site.start("--work", job, "-j", "4", "--stay", "--json") for _ in range(2)]
    code, text, err = site.finish(collector)
    expect(code, 0, f"the collector's exit code ({err})")
    expect(json.loads(text)["done"], 300, "lines done")
    results = site.results("a.out")
    expect([r["id"] for r in results], [f"id-{i}" for i in range(300)], "ids in order")
    expect([r["text"] for r in results], [f"number {i}" for i in range(300)], "texts")
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
    expect(os.path.exists(out + ".queue"), False, "the mark is left")
    code, _, err = site.run("--status", job)
    expect(code != 0, True, "the job is still there")
    code, _, err = site.run("--status", "--out", out)  # which takes --out for the address
    expect(code, 2, "the exit code")
    contains(err, "run the same command with --dry-run")


def a_worker_ends_when_the_job_is_over(site):
    job, source = site.address(), site.numbers("b.jsonl", 20)
    collector = site.start(source, "--out", site.path("b.out"), "-m", "mock/echo", "--queue", job, "--keep-job", "-q")
    site.wait_for_job(job)
    code, text, err = site.run("--work", job, "--json")
    expect(code, 0, f"the worker's exit code ({err})")
    summary = json.loads(text)
    expect((summary["state"], summary["done"]), ("over", 20), "its summary")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    status = json.loads(site.run("--status", job, "--json")[1])
    expect((status["state"], status["lines"], status["finished"], status["waiting"], status["claimed"]),
           ("over", 20, 20, 0, 0), "its status")
    expect(site.run("--remove", job)[0], 0, "removing it")
    for command, words in (("--remove", "there is no job of this name"), ("--status", "create it with"),
                           ("--work", "wait for it with --stay")):
        code, text, err = site.run(command, job, "--json")
        expect((code, json.loads(text)["error"]["code"]), (1, "not_found"), f"{command} of a job that is gone")
        contains(err, words)


def a_worker_that_is_killed_leaves_its_lines_to_another(site):
    job, source, out = site.address(ack_wait=5), site.numbers("c.jsonl", 200), site.path("c.out")
    collector = site.start(source, "--out", out, *SLOW, "--queue", job, "-q")
    first = site.start("--work", job, "-j", "4", "--stay", "-q")
    wait_for(lambda: count_lines(out) >= 20, "twenty results")
    first.send_signal(signal.SIGKILL)
    site.start("--work", job, "-j", "4", "--stay", "-q")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    expect(ids(site.results("c.out")), sorted(f"id-{i}" for i in range(200)), "ids")


def a_collector_that_is_killed_goes_on(site):
    job, source, out = site.address(), site.numbers("d.jsonl", 300), site.path("d.out")
    command = (source, "--out", out, *SLOW, "--queue", job, "-q")
    worker = site.start("--work", job, "-j", "2", "--stay", "-q")
    for lines in (1, 40, 90):
        collector = site.start(*command)
        wait_for(lambda: count_lines(out) >= lines, f"{lines} results")
        collector.send_signal(signal.SIGKILL)
        collector.wait()
    expect(site.finish(site.start(*command))[0], 0, "the collector's exit code")
    expect(ids(site.results("d.out")), sorted(f"id-{i}" for i in range(300)), "ids")
    worker.kill()


def an_interrupt_leaves_the_job_and_says_how_to_go_on(site):
    job, source, out = site.address(), site.numbers("e.jsonl", 50), site.path("e.out")
    command = (source, "--out", out, "-m", "mock/echo", "--queue", job)
    collector = site.start(*command)
    wait_for(lambda: '"state":"waiting"' in site.run("--status", job, "--json")[1], "all lines are in the queue")
    collector.send_signal(signal.SIGINT)
    code, _, err = site.finish(collector)
    expect(code, 130, "its exit code")
    contains(err, "the same command continues")
    expect(site.run("--work", job, "-q")[0], 0, "the worker's exit code")  # nobody collects meanwhile
    expect(site.run(*command)[0], 0, "the second collector's exit code")
    expect(len(site.results("e.out")), 50, "results")


def a_worker_that_is_told_to_end_gives_its_lines_back(site):
    job, source, out = site.address(), site.numbers("f.jsonl", 40), site.path("f.out")
    collector = site.start(source, "--out", out, "-m", "mock/echo", "-o", "mock.latency_ms=200", "--queue", job, "-q")
    worker = site.start("--work", job, "-j", "4", "--stay", "--json")
    wait_for(lambda: count_lines(out) >= 4, "four results")
    worker.send_signal(signal.SIGTERM)
    code, text, _ = site.finish(worker)
    expect((code, json.loads(text)["state"]), (130, "interrupted"), "how it ended")
    begun = time.monotonic()
    site.start("--work", job, "--stay", "-q")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    expect(len(site.results("f.out")), 40, "results")
    print(f"# the rest took {time.monotonic() - begun:.1f} s")


def lines_that_wait_for_a_limit_are_given_back_at_once(site):
    """A worker with a low limit of its own has begun lines that would wait for minutes."""
    job, source, out = site.address(), site.numbers("fl.jsonl", 12), site.path("fl.out")
    collector = site.start(source, "--out", out, "-m", "mock/echo", "--queue", job, "-q")
    worker = site.start("--work", job, "-j", "8", "-o", "requests_per_minute=1", "--stay", "--json")
    wait_for(lambda: count_lines(out) >= 1, "a result")
    worker.send_signal(signal.SIGTERM)
    code, text, _ = site.finish(worker)
    expect((code, json.loads(text)["state"], json.loads(text)["failed"]), (130, "interrupted", 0), "how it ended")
    site.start("--work", job, "--stay", "-q")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    expect(len(site.results("fl.out")), 12, "results")


def rows_of_a_csv_need_no_header_at_the_worker(site):
    job, out = site.address(), site.path("g.out")
    source = site.write("g.csv", "id;body;text\na;x;\"one\ntwo\"\nb;y;three\n")
    collector = site.start(source, "--out", out, "-m", "mock/echo", "--queue", job, "--template", "{{text}}/{{body}}",
                           "-s", "Be brief", "--ordered", "-q")
    site.start("--work", job, "--stay", "-q")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    expect([(r["id"], r["text"]) for r in site.results("g.out")], [("a", "one\ntwo/x"), ("b", "three/y")], "results")


def lines_that_can_t_be_asked_are_errors_of_their_own(site):
    job, out = site.address(), site.path("h.out")
    source = site.write("h.jsonl", '{"id":"a","prompt":"x"}\n{"id":"a","prompt":"y"}\n{"id":\n{"id":"c"}\n')
    collector = site.start(source, "--out", out, "-m", "mock/echo", "--queue", job, "--ordered", "-q")
    site.start("--work", job, "--stay", "-q")
    expect(site.finish(collector)[0], 11, "the collector's exit code")
    results = site.results("h.out")
    expect([("error" in r, r["id"]) for r in results], [(False, "a"), (True, None), (True, "3"), (True, "c")], "results")
    contains(results[1]["error"]["message"], "an earlier line has the same id")


def what_failed_is_asked_again_as_a_new_job(site):
    job, out = site.address(), site.path("i.out")
    source = site.write("i.jsonl", '{"id":"a","prompt":"x"}\n{"id":"b"}\n')
    command = ("--out", out, "-m", "mock/echo", "--queue", job, "-q")
    site.start("--work", job, "--stay", "-q")
    expect(site.run(source, *command)[0], 11, "the exit code")
    site.write("i.jsonl", '{"id":"a","prompt":"x"}\n{"id":"b","prompt":"y"}\n')
    code, _, err = site.run(source, *command, "--retry-failed")
    expect(code, 0, f"the exit code of the second run ({err})")
    expect(ids(site.results("i.out")), ["a", "b"], "ids")


def a_late_acknowledgement_is_not_one_of_the_next_job(site):
    """It has the names of a stream and its consumer, and the number of a line: one of them must be another in each job."""
    job, source, seen = site.address(), site.numbers("late.jsonl", 3), set()
    name = job.split("/")[-1].split("?")[0]
    for _ in range(2):
        collector = site.start(source, "--out", site.path("late.out"), *FAST, "--queue", job, "-q")
        site.wait_for_job(job)
        seen.update(request(site, f"$JS.API.CONSUMER.NAMES.beluga_{name}_lines")["consumers"])
        collector.send_signal(signal.SIGINT)
        site.finish(collector)
        expect(site.run("--remove", job, "-q")[0], 0, "removing it")
    expect(len(seen), 2, f"different names of consumers ({seen})")


def a_job_of_other_facts_is_refused_by_both_sides(site):
    job, source = site.address(), site.numbers("j.jsonl", 5)
    command = (source, "--queue", job, "-m", "mock/echo", "-o", "temperature=0.5")
    collector = site.start(*command, "--out", site.path("j.out"))
    site.wait_for_job(job)
    code, _, err = site.run("--work", job, "-o", "temperature=0.7")
    expect(code, 3, "the worker's exit code")
    contains(err, "was begun with another temperature (0.5), but this machine would use something else")
    code, _, err = site.run(site.numbers("j2.jsonl", 6), *command[1:], "--out", site.path("j2.out"))
    expect(code, 2, "the other collector's exit code")
    contains(err, "another input")
    code, _, err = site.run("--work", job, "-m", "mock/any")
    contains(err, "this worker asks mock/any")
    expect(code, 0, "the exit code of the worker with another model")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    expect({r["model"] for r in site.results("j.out")}, {"any"}, "models")


def a_wrong_key_ends_the_worker_and_fails_no_line(site):
    job, source, out = site.address(), site.numbers("k.jsonl", 20), site.path("k.out")
    provider = Provider()
    collector = site.start(source, "--out", out, "-m", "openai/peer-chat", "--queue", job, "-q")
    site.wait_for_job(job)
    provider.status = 401
    code, _, err = site.run("--work", job, "--stay", OPENAI_BASE_URL=provider.url(), OPENAI_API_KEY="wrong")
    expect(code, 4, f"the worker's exit code ({err})")
    expect(count_lines(out), 0, "results")
    provider.status, refused = 200, provider.requests
    site.start("--work", job, "--stay", "-q", OPENAI_BASE_URL=provider.url(), OPENAI_API_KEY="good")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    expect(len(site.results("k.out")), 20, "results")
    expect(provider.requests - refused, 20, "requests")
    with open(site.path("k.out")) as file:
        expect("good" in file.read(), False, "the key is in the output")


def a_failure_that_may_pass_is_no_result_yet(site):
    job, source, out = site.address(), site.numbers("n.jsonl", 6), site.path("n.out")
    provider = Provider()
    collector = site.start(source, "--out", out, "-m", "openai/peer-chat", "--queue", job, "-q")
    site.wait_for_job(job)
    provider.failures = 6
    code, text, err = site.run("--work", job, "-j", "2", "--json", "-o", "max_retries=0", OPENAI_BASE_URL=provider.url())
    expect(code, 0, f"the worker's exit code ({err})")
    summary = json.loads(text)
    expect((summary["done"], summary["failed"], summary["returned"] >= 1), (6, 0, True), f"its summary {summary}")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    expect(len(site.results("n.out")), 6, "results")


def a_worker_that_waits_for_a_job_names_it(site):
    """Its name may be misspelt. The worker says so once, however often it looks."""
    job = site.address()
    code, _, err = site.run("--work", job, "--stay", "--idle", "3s")
    expect(code, 0, "the worker's exit code")
    contains(err, f"there is no job {job.split('/')[-1].split('?')[0]} at ")
    expect(err.count("waiting for it because of --stay"), 1, f"notes ({err})")


def a_worker_that_is_idle_ends_when_it_was_told_so(site):
    job, source = site.address(), site.numbers("l.jsonl", 3)
    first = site.start(source, "--out", site.path("l.out"), "-m", "mock/echo", "-o", "mock.latency_ms=60000", "--queue", job, "-q")
    holder = site.start("--work", job, "-j", "4", "--stay", "-q")
    wait_for(lambda: '"claimed":3' in site.run("--status", job, "--json")[1], "claims")
    code, text, _ = site.run("--work", job, "--idle", "1s", "--json")
    expect((code, json.loads(text)["state"]), (0, "idle"), "how it ended")
    holder.kill()
    first.kill()


PRICES = "date: 2026-11-05\nprices:\n  mock/*: {input: 1000, output: 1000}\n"


def the_budget_is_that_of_all_workers(site):
    job, source, out = site.address(), site.numbers("m.jsonl", 400), site.path("m.out")
    prices = site.write("prices.yaml", PRICES)
    command = (source, "--out", out, *SLOW, "-o", f"prices={prices}", "--queue", job, "--budget", "0.5", "-q")
    collector = site.start(*command)
    site.wait_for_job(job)
    workers = [site.start("--work", job, "-j", "2", "-q", "-o", f"prices={prices}") for _ in range(2)]
    code, _, err = site.finish(collector)
    expect(code, 5, f"the collector's exit code ({err})")
    contains(err, "the budget of $0.5 is spent (all workers and earlier runs together have used $")
    spent = sum(r["cost"] for r in site.results("m.out"))
    expect(0.4 < spent < 1.5, True, f"spent {spent}")
    for worker in workers:
        expect(site.finish(worker)[0], 5, "a worker's exit code")


def a_fast_worker_spends_no_more_than_its_calls_under_way(site):
    job, source = site.address(), site.numbers("fast.jsonl", 2000)
    prices = f"prices={site.write('prices.yaml', PRICES)}"
    collector = site.start(source, "--out", site.path("fast.out"), *FAST, "-o", prices, "--queue", job, "--budget", "0.5", "-q")
    site.wait_for_job(job)
    code, _, err = site.run("--work", job, "-j", "2", "-q", "-o", prices)
    expect(code, 5, f"the worker's exit code ({err})")
    expect(site.finish(collector)[0], 5, "the collector's exit code")
    costs = [r["cost"] for r in site.results("fast.out")]
    expect(0.5 - 2 * max(costs) < sum(costs) < 0.5 + 2 * max(costs), True, f"spent {sum(costs)}")


def a_budget_includes_what_was_paid_before(site):
    job, source, out = site.address(), site.numbers("n2.jsonl", 200), site.path("n2.out")
    prices = f"prices={site.write('prices.yaml', PRICES)}"
    command = (source, "--out", out, "-m", "mock/echo", "-o", "mock.latency_ms=100", "-o", prices, "-q")
    expect(site.run(*command, "--limit", "20")[0], 0, "the exit code of the run without a queue")
    paid = sum(r["cost"] for r in site.results("n2.out"))
    budget, less = round(paid + 0.202, 3), round(paid / 2, 3)
    collector = site.start(*command, "--queue", job, "--budget", str(budget))
    site.wait_for_job(job)
    code, _, err = site.run("--work", job, "-j", "1", "-o", prices)
    expect(code, 5, f"the worker's exit code ({err})")
    contains(err, f"the job's budget of ${budget:.6g} is spent")
    expect(site.finish(collector)[0], 5, "the collector's exit code")
    spent = sum(r["cost"] for r in site.results("n2.out"))
    expect(paid < spent < budget + 0.5, True, f"spent {spent} of {budget}")
    told = site.run("--status", job)[1]
    contains(told, f"Budget   ${budget:.6g}, of which $")
    used = float(told.split("of which $")[1].split()[0])
    expect(abs(used - spent) < 1e-5, True, f"used, by the state: {used}; by the output: {spent}")
    code, _, err = site.run(*command, "--queue", job, "--budget", str(less))
    expect(code, 5, f"the exit code with less than was paid before ({err})")
    contains(err, f"the budget of ${less:.6g} is spent")
    expect(json.loads(site.run("--status", job, "--json")[1])["budget"], less, "the budget in the state")
    code, text, err = site.run("--work", job, "-j", "8", "--json", "-o", prices)
    expect((code, json.loads(text)["done"]), (5, 0), f"a worker's exit code when nothing is left, and its lines ({err})")
    contains(err, f"the job's budget of ${less:.6g} is spent")


def a_worker_begins_nothing_when_nothing_is_left(site):
    job, source, out = site.address(), site.numbers("q2.jsonl", 60), site.path("q2.out")
    prices = f"prices={site.write('prices.yaml', PRICES)}"
    command = (source, "--out", out, *FAST, "-o", prices, "-q")
    expect(site.run(*command, "--limit", "20")[0], 0, "the exit code of the run without a queue")
    collector = site.start(*command, "--queue", job)
    site.wait_for_job(job)
    collector.send_signal(signal.SIGINT)
    expect(site.finish(collector)[0], 130, "the exit code of the interrupted collector")
    code, _, err = site.run(*command, "--queue", job, "--budget", "0.001")  # no worker has asked anything yet
    expect(code, 5, f"the collector's exit code ({err})")
    contains(err, "the budget of $0.001 is spent")
    code, text, err = site.run("--work", job, "-j", "8", "--json", "-o", prices)
    expect((code, json.loads(text)["done"]), (5, 0), f"the worker's exit code, and its lines ({err})")


def a_larger_budget_goes_on_with_the_same_job(site):
    job, source, out = site.address(), site.numbers("o.jsonl", 200), site.path("o.out")
    prices = site.write("prices.yaml", PRICES)
    command = (source, "--out", out, *SLOW, "-o", f"prices={prices}", "--queue", job, "-q", "--budget")
    collector = site.start(*command, "0.2")
    worker = site.start("--work", job, "-j", "2", "--stay", "-o", f"prices={prices}")
    code, _, err = site.finish(collector)
    expect(code, 5, f"the collector's exit code ({err})")
    contains(err, "the same command with a larger --budget continues")
    answered = count_lines(out)
    expect(0 < answered < 200, True, f"{answered} results")
    code, _, err = site.run(*command, "0.1")  # what has come is kept, even if more is spent
    expect((code, count_lines(out) >= answered), (5, True), f"the exit code with a smaller budget, and results ({err})")
    collector = site.start(*command, "50")
    wait_for(lambda: '"budget":50' in site.run("--status", job, "--json")[1] or collector.poll() is not None, "the larger budget")
    expect(site.finish(collector)[0], 0, "the exit code with the larger budget")
    expect(len(site.results("o.out")), 200, "results")
    worker.send_signal(signal.SIGTERM)
    contains(site.finish(worker)[2], "waiting for a larger one")


def a_worker_learns_what_a_line_takes_before_it_asks_many(site):
    """With all of its sixteen calls it would use many times the limits."""
    prices = site.write("prices.yaml", PRICES)
    for limit in (("--budget", "0.001"), ("-o", "tokens_per_minute=4")):
        job, source, out = site.address(), site.numbers("dear.jsonl", 60), site.path(f"dear{limit[0]}.out")
        model = ("-m", "mock/echo", "-o", "mock.latency_ms=300", "-o", f"prices={prices}")
        collector = site.start(source, "--out", out, *model, "--queue", job, "-q", *limit)
        worker = site.start("--work", job, "-j", "16", "--stay", "--json", "-o", f"prices={prices}")
        wait_for(lambda: count_lines(out) >= 1, "a result")
        worker.send_signal(signal.SIGTERM)
        collector.send_signal(signal.SIGTERM)
        code, text, err = site.finish(worker)
        expect(code, 130, f"the worker's exit code ({err})")
        site.finish(collector)
        expect(json.loads(text)["done"] < 4, True, f"lines with {limit}: {text}")


def a_smaller_budget_stops_a_worker_that_is_busy(site):
    job, source, out = site.address(), site.numbers("busy.jsonl", 2000), site.path("busy.out")
    prices = site.write("prices.yaml", PRICES)
    command = (source, "--out", out, *SLOWER, "-o", f"prices={prices}", "--queue", job, "-q", "--budget")
    collector = site.start(*command, "50")
    worker = site.start("--work", job, "-j", "2", "--stay", "-o", f"prices={prices}")
    wait_for(lambda: count_lines(out) > 40, "results")
    collector.send_signal(signal.SIGINT)
    expect(site.finish(collector)[0], 130, "the exit code of the interrupted collector")
    code, _, err = site.run(*command, "0.01")
    expect(code, 5, f"the exit code with the smaller budget ({err})")
    expect(count_lines(out) < 1000, True, "the worker went on")
    worker.send_signal(signal.SIGTERM)
    contains(site.finish(worker)[2], "the job's budget of $0.01 is spent")


def a_larger_limit_goes_on_with_the_same_job(site):
    job, source, out = site.address(), site.numbers("p.jsonl", 60), site.path("p.out")
    command = (source, "--out", out, *FAST, "--queue", job, "-q")
    worker = site.start("--work", job, "-j", "4", "--stay", "-q")
    collector = site.start(*command, "-o", "requests_per_minute=6")
    wait_for(lambda: count_lines(out) >= 1, "a result")
    collector.send_signal(signal.SIGINT)
    expect(site.finish(collector)[0], 130, "the exit code of the interrupted collector")
    expect(count_lines(out) < 30, True, "the limit holds")
    code, _, err = site.run(*command, "-o", "requests_per_minute=60000")  # at 6 a minute this would take ten minutes
    expect((code, len(site.results("p.out"))), (0, 60), f"the exit code with the larger limit, and results ({err})")
    worker.kill()


def retries_count_in_the_limits(site):
    job, source, out = site.address(), site.numbers("q.jsonl", 2), site.path("q.out")
    provider = Provider()
    provider.failures = 3
    collector = site.start(source, "--out", out, "-m", "openai/peer-chat", "-o", "requests_per_minute=60", "--queue", job, "-q")
    site.wait_for_job(job)
    worker = site.start("--work", job, "-j", "1", "-q", "-o", "max_retries=3", "-o", "retry_delay=100ms",
                        OPENAI_BASE_URL=provider.url())
    expect(site.finish(worker)[0], 0, "the worker's exit code")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    times = provider.times
    expect(len(times), 5, "requests")
    # The first line took four requests, so that at one a second the next may come no earlier than four seconds later,
    # and not one second. The time of the first request may be noted too late.
    expect(times[4] - times[0] > 2.5, True, f"times {[round(t - times[0], 1) for t in times]}")


def a_result_that_is_too_long_is_an_error_of_its_own(site):
    job, out = site.address(), site.path("r.out")
    source = site.write("r.txt", "one\n" + "\x01" * (12 << 20) + "\nthree\n")  # six bytes each, as JSON
    collector = site.start(source, "--out", out, *FAST, "--queue", job, "--ordered", "-q")
    worker = site.start("--work", job, "--json", "--stay")
    expect(site.finish(collector)[0], 11, "the collector's exit code")
    results = site.results("r.out")
    expect([r.get("text") for r in results], ["one", None, "three"], "texts")
    expect(results[1]["error"]["code"], "limit_exceeded", "the error")
    contains(results[1]["error"]["message"], "longer than 64 MiB")
    expect(results[1]["usage"]["output_total"] > 0, True, "what it took is told")
    worker.kill()


def a_row_that_is_too_long_is_an_error_of_its_own(site):
    job, out = site.address(), site.path("s.out")
    source = site.write("s.csv", "id,prompt\na,one\nb," + "\x01" * (24 << 20) + "\nc,three\n")
    collector = site.start(source, "--out", out, *FAST, "--queue", job, "--ordered", "-q")
    worker = site.start("--work", job, "--stay", "-q")
    code, _, err = site.finish(collector)
    expect(code, 11, f"the collector's exit code ({err})")
    results = site.results("s.out")
    expect([r.get("text") for r in results], ["one", None, "three"], "texts")
    contains(results[1]["error"]["message"], "128 MiB")
    worker.kill()


def the_first_failure_is_in_the_summary(site):
    job, source = site.address(), site.write("first.jsonl", '{"prompt":"one"}\n{"prompt"\n')
    site.start("--work", job, "--stay", "-q")
    code, _, err = site.run(source, "--out", site.path("first.out"), *FAST, "--queue", job)
    expect(code, 11, f"the collector's exit code ({err})")
    contains(err, "the first failure: invalid_input: line 2: it is not valid JSON")


def what_was_deleted_from_the_queue_is_told(site):
    job, source, out = site.address(), site.numbers("t.jsonl", 5), site.path("t.out")
    command = (source, "--out", out, *FAST, "--queue", job, "-q")
    collector = site.start(*command)
    site.wait_for_job(job)
    wait_for(lambda: '"waiting":5' in site.run("--status", job, "--json")[1], "the lines")
    name = job.split("/")[-1].split("?")[0]
    request(site, f"$JS.API.STREAM.PURGE.beluga_{name}_lines")
    code, _, err = site.finish(collector)
    expect(code, 1, f"the collector's exit code ({err})")
    contains(err, "were deleted from its queue: run beluga batch --remove")
    expect(site.run("--remove", job, "-q")[0], 0, "removing it")
    site.start("--work", job, "--stay", "-q")
    expect(site.run(*command)[0], 0, "the same command again")
    expect(len(site.results("t.out")), 5, "results")


def a_job_that_is_removed_ends_its_worker(site):
    job, source = site.address(), site.numbers("u.jsonl", 40)
    collector = site.start(source, "--out", site.path("u.out"), *FAST, "-o", "mock.latency_ms=1000", "--queue", job, "-q")
    site.wait_for_job(job)
    worker = site.start("--work", job, "-j", "1", "--json")  # its last result may never be confirmed
    wait_for(lambda: count_lines(site.path("u.out")) >= 3, "three results")
    expect(site.run("--remove", job, "-q")[0], 0, "removing it")
    code, text, err = site.finish(worker)
    expect(code, 0, f"the worker's exit code ({err})")
    code, _, err = site.finish(collector)
    expect(code, 1, f"the collector's exit code ({err})")
    contains(err, "the job was removed")


def what_is_left_of_a_job_is_not_taken_for_another(site):
    job, source = site.address(), site.numbers("v.jsonl", 5)
    site.start("--work", job, "-q", "--stay")
    expect(site.run(source, "--out", site.path("v.out"), *FAST, "--queue", job, "--keep-job", "-q")[0], 0, "the exit code")
    name = job.split("/")[-1].split("?")[0]
    request(site, f"$JS.API.STREAM.DELETE.beluga_{name}_state")  # as a removal does that is killed
    other = site.write("w.jsonl", "".join(f'{{"prompt":"another {i}"}}\n' for i in range(5)))
    command = (other, "--out", site.path("w.out"), *FAST, "--queue", job, "--ordered", "-q")
    code, _, err = site.run(*command)
    expect((code, count_lines(site.path("w.out"))), (3, 0), f"the exit code, and results ({err})")
    contains(err, "--remove")
    expect(site.run("--remove", job)[0], 0, "removing it")
    expect(site.run(*command)[0], 0, "the exit code afterwards")
    expect([r["text"] for r in site.results("w.out")], [f"another {i}" for i in range(5)], "texts")


def answers_of_a_removed_job_are_not_those_of_the_next_one(site):
    """Its collector reads no results of the job that has its name now, and its workers put none into it."""
    job, latency = site.address(), (*FAST, "-o", "mock.latency_ms=2000")  # so that it is not over when it is removed
    first = site.start(site.numbers("x.jsonl", 40), "--out", site.path("x.out"), *latency, "--queue", job, "-q")
    worker = site.start("--work", job, "-j", "4", "--stay", "-q")
    wait_for(lambda: count_lines(site.path("x.out")) >= 1, "a result")
    expect(site.run("--remove", job)[0], 0, "removing it")
    other = site.write("y.jsonl", "".join(f'{{"prompt":"another {i}"}}\n' for i in range(40)))
    code, _, err = site.run(other, "--out", site.path("y.out"), *SLOWER, "--queue", job, "--ordered", "-q")
    expect(code, 0, f"the second collector's exit code ({err})")
    expect([r["text"] for r in site.results("y.out")], [f"another {i}" for i in range(40)], "texts of the second job")
    code, _, err = site.finish(first)
    expect(code, 1, "the first collector's exit code")
    contains(err, "the job was removed")
    expect([r["text"] for r in site.results("x.out") if not r["text"].startswith("number")], [], "texts of the first job")
    worker.kill()


def a_job_that_lost_its_state_ends_its_collector(site):
    job = site.address()
    collector = site.start(site.numbers("z.jsonl", 5), "--out", site.path("z.out"), *FAST, "--queue", job, "-q")
    site.wait_for_job(job)
    name = job.split("/")[-1].split("?")[0]
    wait_for(lambda: '"waiting":5' in site.run("--status", job, "--json")[1], "the lines")
    request(site, f"$JS.API.STREAM.DELETE.beluga_{name}_state")
    code, _, err = site.finish(collector)
    expect(code, 1, f"the collector's exit code ({err})")
    contains(err, "beluga batch --remove")
    expect(site.run("--remove", job, "-q")[0], 0, "removing it")


def a_worker_that_stays_tells_once_that_a_job_is_over(site):
    job = site.address()
    worker = site.start("--work", job, "-q", "--stay")
    collector = site.start(site.numbers("over.jsonl", 5), "--out", site.path("over.out"), *FAST, "--queue", job, "--keep-job", "-q")
    expect(site.finish(collector)[0], 0, "the collector's exit code")
    worker.kill()
    code, _, err = site.finish(site.start("--work", job, "--stay", "--idle", "5s"))
    expect(code, 0, f"the worker's exit code ({err})")
    expect(err.count("waiting for the next one"), 1, f"how often it says so ({err})")
    expect(err.count("finished 0 lines"), 0, f"rounds without a line ({err})")


def says(process, words, heard):
    """Whether a process has written these words to stderr; `heard` has what was read before."""
    os.set_blocking(process.stderr.fileno(), False)
    try:
        heard += os.read(process.stderr.fileno(), 65536)
    except BlockingIOError:
        pass
    return words in heard


def a_full_store_is_told_and_more_room_goes_on(site):
    os.mkdir(site.path("small"))
    small = torture.Servers(site.path("small"), 1, torture.Network(1, 0))
    small.start_again(0, ", max_file: 1MB")
    job = f"nats://127.0.0.1:{small.ports[0]}/full?ack_wait=5"
    source = site.write("full.jsonl", "".join(f'{{"prompt":"{i} {"x" * 1000}"}}\n' for i in range(3000)))
    try:
        collector = site.start(source, "--out", site.path("full.out"), *FAST, "--queue", job, "--ordered")
        heard = bytearray()
        wait_for(lambda: says(collector, b"store is full", heard), "the collector says that the store is full")
        small.start_again(0, ", max_file: 100MB")
        worker = site.start("--work", job, "--stay", "-q")
        code, _, err = site.finish(collector)
        worker.kill()
    finally:
        small.close()
    expect(code, 0, f"the collector's exit code ({err})")
    expect([r["text"].split()[0] for r in site.results("full.out")], [str(i) for i in range(3000)], "texts")


def a_worker_that_stays_outlasts_a_job_that_is_being_removed(site):
    job, source = site.address(), site.numbers("part.jsonl", 5)
    collector = site.start(source, "--out", site.path("part.out"), *FAST, "--queue", job, "-q")
    site.wait_for_job(job)
    name = job.split("/")[-1].split("?")[0]
    request(site, f"$JS.API.STREAM.DELETE.beluga_{name}_lines")  # the first step of a removal
    site.finish(collector)
    worker, heard = site.start("--work", job, "--stay"), bytearray()
    wait_for(lambda: says(worker, b"only partly removed", heard), "the worker says what it found")
    expect(site.run("--remove", job, "-q")[0], 0, "removing the rest")
    code, _, err = site.run(source, "--out", site.path("part.out"), *FAST, "--queue", job, "-q")
    expect(code, 0, f"the exit code of the next job ({err})")
    expect(len(site.results("part.out")), 5, "results")
    worker.kill()


def an_output_that_goes_leaves_the_job(site):
    job, source, out = site.address(), site.numbers("gone.jsonl", 60), site.path("gone.out")
    command = (source, "--out", out, *SLOW, "--queue", job)
    collector = site.start(*command)
    worker = site.start("--work", job, "-j", "1", "--stay", "-q")
    wait_for(lambda: count_lines(out) >= 3, "three results")
    os.remove(out)
    code, _, err = site.finish(collector)
    expect(code, 10, f"the collector's exit code ({err})")
    contains(err, "gone.out was removed, renamed or replaced while this run wrote to it")
    expect(site.run(*command)[0], 0, "the same command again")
    expect(ids(site.results("gone.out")), sorted(f"id-{i}" for i in range(60)), "ids")
    worker.kill()


CASES = [two_workers_ask_all_lines_once_and_in_order, a_worker_ends_when_the_job_is_over,
         a_worker_that_is_killed_leaves_its_lines_to_another, a_collector_that_is_killed_goes_on,
         an_interrupt_leaves_the_job_and_says_how_to_go_on, a_worker_that_is_told_to_end_gives_its_lines_back,
         lines_that_wait_for_a_limit_are_given_back_at_once,
         rows_of_a_csv_need_no_header_at_the_worker, lines_that_can_t_be_asked_are_errors_of_their_own,
         what_failed_is_asked_again_as_a_new_job,
         a_late_acknowledgement_is_not_one_of_the_next_job, a_job_of_other_facts_is_refused_by_both_sides,
         a_wrong_key_ends_the_worker_and_fails_no_line, a_failure_that_may_pass_is_no_result_yet,
         a_worker_that_waits_for_a_job_names_it, a_worker_that_is_idle_ends_when_it_was_told_so,
         the_budget_is_that_of_all_workers, a_fast_worker_spends_no_more_than_its_calls_under_way,
         a_budget_includes_what_was_paid_before,
         a_worker_begins_nothing_when_nothing_is_left, a_larger_budget_goes_on_with_the_same_job,
         a_worker_learns_what_a_line_takes_before_it_asks_many,
         a_smaller_budget_stops_a_worker_that_is_busy, a_larger_limit_goes_on_with_the_same_job,
         retries_count_in_the_limits, a_result_that_is_too_long_is_an_error_of_its_own,
         a_row_that_is_too_long_is_an_error_of_its_own, what_was_deleted_from_the_queue_is_told,
         a_job_that_is_removed_ends_its_worker, what_is_left_of_a_job_is_not_taken_for_another,
         answers_of_a_removed_job_are_not_those_of_the_next_one, a_job_that_lost_its_state_ends_its_collector,
         the_first_failure_is_in_the_summary,
         a_worker_that_stays_outlasts_a_job_that_is_being_removed, an_output_that_goes_leaves_the_job, a_worker_that_stays_tells_once_that_a_job_is_over, a_full_store_is_told_and_more_room_goes_on]


def run_cases(site, cases):
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, case in enumerate(cases, 1):
        name = case.__name__.replace("_", " ")
        try:
            case(site)
            print(f"ok {number} - {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}")
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
    return failed


def main():
    try:
        site = Site(sys.argv[1])
    except SystemExit as end:
        print("1..0 # skip there is no nats-server" if end.code == torture.SKIPPED else f"Bail out! {end.code}")
        return 0
    said = site.run("--status", site.address())[2]
    if "not_supported" in said:
        print(f"1..0 # skip {said.strip()}")
        site.close()
        return 0
    cases = [case for case in CASES if len(sys.argv) < 3 or sys.argv[2] in case.__name__]
    try:
        return 1 if run_cases(site, cases) else 0
    finally:
        site.close()


sys.exit(main())
