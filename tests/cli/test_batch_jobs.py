#!/usr/bin/env python3
"""beluga batch --provider-batch against the batch APIs that the peer plays, with their faults. TAP.

    test_batch_jobs.py BELUGA BELUGA_PEER
"""
import hashlib
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peer"))
from batch_peer import Peer, run, wait_until  # pylint: disable=wrong-import-position

BELUGA, PEER = sys.argv[1:3]
# The provider, the path of its API at the peer, and the variable of its key.
APIS = {"openai": ("/v1", "OPENAI_API_KEY"), "openai-responses": ("/v1", "OPENAI_API_KEY"),
        "anthropic": ("", "ANTHROPIC_API_KEY"), "gemini": ("", "GEMINI_API_KEY"), "mistral": ("/v1", "MISTRAL_API_KEY"),
        "azure": ("", "AZURE_OPENAI_API_KEY"), "groq": ("/openai/v1", "GROQ_API_KEY"),
        "together": ("/together/v1", "TOGETHER_API_KEY")}
MODEL = "peer-batch"
UNDER_WAY, PARTLY, USAGE = 12, 11, 2
CREATE = b"POST /v1/batches "  # for a Cutter
PATIENCE = 120
PRICES = "date: 2026-11-05\nprices:\n  openai/peer-batch: {input: 100, output: 1000}\n"


class Ended:
    """What came of a command."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit code {self.code}: {self.out}{self.err}"


class Place:
    """A folder, a peer that plays one of the APIs, and the command on both."""

    def __init__(self, *options, api="openai"):
        self.api, self.options = api, options or ("--batch-seconds", "0")
        self.folder = tempfile.mkdtemp(prefix="beluga-jobs-")
        self.out = self.path("out.jsonl")
        self.peer = None
        self.key = "secret"

    def __enter__(self):
        self.peer = Peer(PEER, *self.options)
        self.peer.__enter__()
        return self

    def __exit__(self, *what):
        self.peer.__exit__(*what)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, texts, name="in.txt"):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.writelines(text + "\n" for text in texts)
        return self.path(name)

    def start(self, *arguments, err=subprocess.PIPE):
        path, variable = APIS[self.api]
        environment = {"HOME": self.folder, "PATH": os.defpath, variable: self.key}
        environment.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        return subprocess.Popen([BELUGA, "batch", *arguments, "-o", f"base_url={self.peer.base}{path}"], env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True)

    def finish(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        return Ended(process.returncode, out, err)

    def run(self, *arguments):
        return self.finish(self.start(*arguments))

    def common(self, source="in.txt"):
        return (self.path(source), "--out", self.out, "-m", f"{self.api}/{MODEL}", "-o", "max_tokens=50")

    def ask(self, *more, source="in.txt"):
        """Without --wait."""
        return self.run(*self.common(source), "--provider-batch", *more)

    def wait(self, *more, source="in.txt"):
        return self.ask("--wait", "--poll", "0.05", *more, source=source)

    def results(self):
        with open(self.out, encoding="utf-8") as file:
            return {record["line"]: record for record in map(json.loads, file)}

    def events(self):
        if not os.path.exists(self.out + ".jobs"):
            return None
        with open(self.out + ".jobs", encoding="utf-8") as file:
            return [json.loads(line)["event"] for line in file]

    def age(self):
        """Let the journal say that it was long ago when a list did not show a job."""
        *before, last = read(self.out + ".jobs").splitlines(keepends=True)
        looked = json.loads(last)
        assert looked["event"] == "looked", last
        with open(self.out + ".jobs", "w", encoding="utf-8") as file:
            file.writelines([*before, signed(event="looked", name=looked["name"], at=looked["at"] - 600_000)])

    def control(self):
        return self.peer.control()


def texts(n):
    return [f"question {i}" for i in range(1, n + 1)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def chat(number, content):
    return json.dumps({"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions",
                       "body": {"model": "any", "messages": [{"role": "user", "content": content}]}})


def embedding(number, content, **options):
    return json.dumps({"custom_id": f"r{number}", "method": "POST", "url": "/v1/embeddings",
                       "body": {"model": "any", "input": content, **options}})


def vector(text, dimensions=3):
    """The peer's vector of a text."""
    return [text.encode()[i % len(text)] / 128 for i in range(dimensions)]


def expect(ended, code, *words):
    assert ended.code == code, f"{ended}"
    for word in words:
        assert word in ended.err + ended.out, f"no {word!r} in {ended}"
    return ended


def assert_each_once(place, n, asked=None):
    """Each line has its own answer, each was paid for once, and nothing is left."""
    results = place.results()
    with open(place.out, encoding="utf-8") as file:
        assert len(file.readlines()) == n == len(results)
    report = place.control()
    assert all("error" not in record for record in results.values())
    assert report["texts_answered_twice"] == 0, report
    assert report["lines"]["answered"] == n, report["lines"]
    assert report["lines"]["created"] == (asked or n), report["lines"]
    assert place.events() is None, "the journal is left"


# ---- each API

def each_api_answers_each_line_once():
    for api in APIS:
        with Place("--batch-seconds", "0.2", api=api) as place:
            place.write(texts(40))
            expect(place.wait(), 0, "40 of 40 lines done")
            assert_each_once(place, 40)
            assert all(record["text"] == f"echo: question {line}" for line, record in place.results().items())
            left = place.control()["files"]  # Google refuses to delete its file of results
            assert (left["uploads_now"], left["results_now"]) == (0, int(api == "gemini")), f"{api}: {left}"
            expect(place.wait(), 0)  # and nothing is asked again
            assert place.control()["jobs"]["created"] == 1


def a_job_that_was_made_without_an_answer_is_found():
    for api in APIS:
        for fault in ("lost-create:1", "error-create:1"):
            with Place("--batch-seconds", "0.1", "--late-list-ms", "300", "--fault", fault, api=api) as place:
                place.write(texts(20))
                expect(place.wait(), 0, "was created: its id is")
                assert_each_once(place, 20)
                assert place.control()["jobs"]["created"] == 1


def another_job_of_as_many_lines_is_not_taken_for_it():
    with Place("--batch-seconds", "0.2", "--fault", "lost-create:2", api="anthropic") as place:
        place.write(texts(10))
        place.write([f"other {i}" for i in range(10)], "other.txt")
        expect(place.run(place.path("other.txt"), "--out", place.path("other.jsonl"), "-m", f"anthropic/{MODEL}", "-o",
                         "max_tokens=50", "--provider-batch"), UNDER_WAY)
        expect(place.wait(), 0, "was created: its id is")
        expect(place.run(place.path("other.txt"), "--out", place.path("other.jsonl"), "-m", f"anthropic/{MODEL}", "-o",
                         "max_tokens=50", "--provider-batch", "--wait", "--poll", "0.05"), 0)
        report = place.control()
        assert report["jobs"]["created"] == 2 and report["lines"]["answered"] == 20, report
        assert all(r["text"] == f"echo: question {line}" for line, r in place.results().items())


def where_no_list_is_the_user_is_told_what_to_do():
    with Place() as place, NoList(place.peer.port) as way:
        place.peer.base = way.base
        place.write(texts(2))
        expect(place.ask(), 7, "may or may not have created")
        expect(place.wait(), 1, "may have no list of jobs", f"remove {place.out}.jobs")
        os.remove(place.out + ".jobs")
        expect(place.wait(), 0)
        assert_each_once(place, 2)


def a_job_is_found_where_names_are_dropped():
    with Place("--batch-seconds", "0.3", "--fault", "lost-create:1", "--fault", "no-metadata") as place:
        place.write(texts(20))
        expect(place.wait(), 0, "was created: its id is")
        assert_each_once(place, 20)
        assert place.control()["jobs"]["created"] == 1


def a_job_whose_results_are_gone_is_another():
    with Place("--batch-seconds", "0", "--fault", "no-metadata") as place, Older(place.peer.port, b"completed_at") as way:
        place.write([f"other {i}" for i in range(4)], "other.txt")
        other = (place.path("other.txt"), "--out", place.path("other.jsonl"), "-m", f"openai/{MODEL}", "-o", "max_tokens=50")
        expect(place.run(*other, "--provider-batch", "--wait", "--poll", "0.05"), 0)  # and its files are deleted
        place.peer.base = way.base
        place.write(texts(4))
        expect(place.ask(), 7, "may or may not have created")
        expect(place.ask(), UNDER_WAY)
        place.age()
        expect(place.wait(), 0, "was never created")
        assert way.cut == 1
        assert place.control()["jobs"]["created"] == 2


def a_job_of_other_hours_that_has_no_name_holds_nothing_up():
    with Place("--batch-polls", "2", "--fault", "no-metadata") as place, Older(place.peer.port, b"created_at") as way:
        place.write([f"other {i}" for i in range(4)], "other.txt")
        other = (place.path("other.txt"), "--out", place.path("other.jsonl"), "-m", f"openai/{MODEL}", "-o", "max_tokens=50")
        expect(place.run(*other, "--provider-batch"), UNDER_WAY)
        place.peer.base = way.base
        place.write(texts(4))
        expect(place.ask(), 7, "may or may not have created")
        expect(place.ask(), UNDER_WAY)
        place.age()
        expect(place.wait(), 0, "was never created")
        assert place.control()["jobs"]["created"] == 2


def a_job_that_was_never_made_is_made_after_two_looks():
    with Place("--batch-seconds", "0") as place, Cutter(place.peer.port, b"POST /v1/batches ") as way:
        place.peer.base = way.base
        place.write(texts(5))
        expect(place.ask(), 7, "may or may not have created")
        assert place.events() == ["begin", "intent"]
        expect(place.ask(), UNDER_WAY)
        assert place.events()[2:] == ["looked"]
        expect(place.ask(), UNDER_WAY)
        assert place.events()[2:] == ["looked"], "it was given up too early"
        place.age()
        expect(place.ask(), 7, "was never created")
        assert place.events()[3:] == ["lost", "deleted", "intent"]
        report = place.control()
        assert report["jobs"]["created"] == 0 and report["files"]["uploads_now"] == 1, report["files"]
        expect(place.ask(), UNDER_WAY)
        place.age()
        expect(place.wait(), 0)
        assert_each_once(place, 5)
        assert place.control()["files"]["now"] == []


# The request with which each API creates a job, after the upload of its file.
CREATES = {"openai": b"POST /v1/batches ", "gemini": b":batchGenerateContent ", "mistral": b"POST /v1/batch/jobs "}
# The first request of an upload.
UPLOADS = {"openai": b"POST /v1/files ", "gemini": b"POST /upload/v1beta/files ", "mistral": b"POST /v1/files "}


def a_file_whose_job_was_not_made_before_a_kill_is_deleted():
    for api, words in CREATES.items():
        with Place(api=api) as place, Cutter(place.peer.port, words, 1) as way:
            place.peer.base = way.base
            place.write(texts(3))
            started = queue.SimpleQueue()  # the cut may come before start has returned
            way.on_cut = lambda started=started: started.get(timeout=PATIENCE).kill()
            process = place.start(*place.common(), "--provider-batch")
            started.put(process)
            place.finish(process)
            report = place.control()
            assert way.cut == 1 and place.events() == ["begin", "intent"], place.events()
            assert report["files"]["uploads_now"] == 1 and report["jobs"]["created"] == 0, report
            expect(place.ask(), UNDER_WAY)
            place.age()
            expect(place.wait(), 0, "was never created")
            assert_each_once(place, 3)
            assert place.control()["files"]["uploads_now"] == 0, (api, place.control()["files"])


def the_file_of_a_refused_job_is_deleted():
    for api in CREATES:
        with Place("--fault", "busy-create", api=api) as place:
            place.write(texts(3))
            expect(place.ask("-o", "max_retries=0"), 5, "accepts no more jobs now", "3 lines are left")
            assert place.events() == ["begin", "intent", "refused", "deleted"], place.events()
            files = place.control()["files"]
            assert files["uploaded"] == 1 and files["now"] == [], files


def an_upload_is_repeated():
    for api, words in UPLOADS.items():
        with Place("--batch-seconds", "0.2", api=api) as place, Cutter(place.peer.port, words, 2) as way:
            place.peer.base = way.base
            place.write(texts(3))
            ended = expect(place.wait(), 0)
            assert way.cut == 2 and "may or may not" not in ended.err, ended
            assert_each_once(place, 3)
            assert place.control()["files"]["uploads_now"] == 0, (api, place.control()["files"])


def no_copy_of_a_repeated_upload_stays():
    for api in APIS:
        with Place("--batch-seconds", "0", "--fault", "lost-upload:2", api=api) as place:
            place.write(texts(3))
            expect(place.wait("--limit", "1"), 0)
            expect(place.wait(), 0)
            assert_each_once(place, 3)
            files = place.control()["files"]
            assert (files["uploaded"], files["uploads_now"]) == (0 if api == "anthropic" else 3, 0), (api, files)


def an_upload_that_fails_has_made_no_job():
    for api, words in UPLOADS.items():
        with Place(api=api) as place, Cutter(place.peer.port, words, 1) as way:
            place.peer.base = way.base
            place.write(texts(3))
            expect(place.ask("-o", "max_retries=0"), 7, "no job could be created", "3 lines are left")
            assert place.events()[:3] == ["begin", "intent", "refused"], place.events()
            expect(place.wait(), 0)
            assert_each_once(place, 3)


def a_job_that_was_never_sent_is_not_looked_for():
    with Place() as place, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and nobody listens
        base, place.peer.base = place.peer.base, f"http://127.0.0.1:{nobody.getsockname()[1]}"
        place.write(texts(2))
        ended = expect(place.ask(), 7, "2 attempts", "2 lines are left")  # as any call that may pass
        assert "under way" not in ended.err, ended
        assert place.events() == ["begin", "intent", "refused"], place.events()
        place.peer.base = base
        expect(place.wait(), 0)
        assert_each_once(place, 2)


def a_job_that_was_never_sent_to_another_model_leaves_no_journal():
    with Place() as place, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        base, place.peer.base = place.peer.base, f"http://127.0.0.1:{nobody.getsockname()[1]}"
        place.write(texts(2))
        expect(place.ask("-m", "openai/another"), 7, "2 lines are left")
        assert place.events() == ["begin", "intent", "refused"], place.events()
        place.peer.base = base
        expect(place.wait(), 0)
        assert_each_once(place, 2)


def jobs_of_which_nobody_knows_are_not_created_without_end():
    with Place() as place, Cutter(place.peer.port, b"POST /v1/batches ", 9) as way:
        place.peer.base = way.base
        place.write(texts(2))
        expect(place.wait("--timeout", "3s"), 7, "may or may not have created", "1 job with 2 lines may be under way")
        assert place.events().count("intent") == 3 == way.cut, place.events()


def a_call_that_was_never_made_has_made_no_job():
    with Place() as place, Cutter(place.peer.port, b"POST /v1/files ", 1) as way:
        place.peer.base = way.base
        place.write(texts(2))
        ended = expect(place.wait("-o", "max_retries=0", "-o", "breaker_failures=1"), 1, "circuit_open", "2 lines are left")
        assert "may be under way" not in ended.err, ended
        place.key = "a\nkey"  # can't be sent in a header
        assert "may be under way" not in expect(place.ask(), 4).err
        place.key = "secret"
        expect(place.wait(), 0)
        assert_each_once(place, 2)


# ---- without --wait

def jobs_are_under_way_until_a_later_run_collects_them():
    with Place("--batch-polls", "3") as place:
        place.write(texts(30))
        expect(place.ask(), UNDER_WAY, "30 lines are submitted as job", "1 job with 30 lines is under way")
        summary = json.loads(expect(place.ask("--json", "-q"), UNDER_WAY).out)
        assert summary["state"] == "under_way" and summary["jobs_under_way"] == 1 and summary["lines_under_way"] == 30
        assert summary["exit_code"] == UNDER_WAY
        # Nobody else asks their lines meanwhile.
        expect(place.run(*place.common()), USAGE, "1 batch job with 30 lines under way", "--provider-batch", "--cancel")
        expect(place.run(*place.common(), "--dry-run"), 0, "0 to ask, 0 finished, 0 bad", "30 under way")
        wait_until(lambda: place.ask().code == 0)
        assert_each_once(place, 30)
        expect(place.run(*place.common()), 0, "30 of 30 lines done")


def ctrl_c_leaves_the_jobs_and_says_how_to_go_on():
    with Place() as place:
        place.write(texts(10))
        process = place.start(*place.common(), "--provider-batch", "--wait", "--poll", "60")  # so it asks for no state
        wait_until(lambda: place.control()["jobs"]["created"] == 1 and "created" in (place.events() or []))
        process.send_signal(signal.SIGINT)
        expect(place.finish(process), 130, "1 job with 10 lines is under way", "--cancel")
        expect(place.wait(), 0)
        assert_each_once(place, 10)


def kill_at_any_moment(lines, source):
    with Place("--batch-seconds", "0.3", "--fault", "lost-create:2") as place:
        place.write(lines, source)
        for i in range(12):
            process = place.start(*place.common(source), "--provider-batch", "--wait", "--poll", "0.05", "--limit",
                                  str(5 * i + 5))
            time.sleep(0.013 * i)
            process.kill()
            place.finish(process)
        # The peer may still read a request of a killed run, but not for longer than this.
        expect(place.wait("--timeout", "3s", source=source), 0)
        assert_each_once(place, len(lines))


def a_kill_at_any_moment_pays_nothing_twice():
    kill_at_any_moment(texts(60), "in.txt")
    kill_at_any_moment([(embedding if n % 3 else chat)(n, f"text {n}") for n in range(60)], "in.jsonl")


# ---- cancelling

def cancelling_keeps_what_was_answered_and_frees_the_rest():
    with Place("--batch-polls", "10") as place:
        place.write(texts(40))
        expect(place.ask(), UNDER_WAY)
        for _ in range(6):
            place.ask()
        expect(place.run(*place.common(), "--cancel", "--wait", "--poll", "0.05"), 0, "is being cancelled", "is cancelled:",
               "lines are left")
        answered = len(place.results())
        assert 0 < answered < 40, answered
        # The lines that are left may go to jobs or to usual calls; the peer has jobs only.
        expect(place.run(*place.common(), "--limit", "1", "--dry-run"), 0)
        expect(place.wait(), 0)
        assert_each_once(place, 40, asked=80 - answered)


def cancelling_needs_no_input():
    with Place("--batch-polls", "20") as place:
        place.write(texts(4))
        expect(place.run("--out", place.out, "--cancel"), USAGE, "there is no")
        expect(place.ask(), UNDER_WAY)
        ended = expect(place.run("--out", place.out, "--cancel", "--json"), 0, "is being cancelled")
        assert json.loads(ended.out) == {"out": place.out, "refused": 0, "jobs_under_way": 1, "lines_under_way": 4,
                                         "exit_code": 0}, ended
        assert place.control()["jobs"]["all"][0]["state"] in ("cancelling", "cancelled")
        expect(place.run(*place.common(), "--cancel", "--wait", "--poll", "0.05"), 0, "4 lines are left")
        ended = expect(place.run("--out", place.out, "--cancel", "--json"), 0, "no batch job is under way")
        assert json.loads(ended.out)["jobs_under_way"] == 0


def a_job_that_has_ended_is_not_said_to_be_cancelled():
    with Place("--batch-seconds", "0") as place:
        place.write(texts(3))
        expect(place.ask(), UNDER_WAY)
        ended = expect(place.run("--out", place.out, "--cancel"), 0, "has already ended")
        assert "cancelled" not in ended.err, ended
        expect(place.run(*place.common(), "--cancel"), 0, "3 of 3 lines done")
        assert_each_once(place, 3)


ALWAYS = 1 << 30  # so often a Cutter cuts


class Cutter:
    """A way to a server that closes the first connections on which certain bytes are sent: libcurl sends them once more
    when a connection that was used before ends so."""

    answer = None  # the status of an empty answer that is sent instead

    def __init__(self, port, words, most=2):
        self.port, self.words, self.most, self.cut, self.on_cut = port, words, most, 0, lambda: None
        self.socket = socket.create_server(("127.0.0.1", 0))

    @property
    def base(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def accept(self):
        try:
            while True:
                client = self.socket.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.port))
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self.pass_on, args=ends, daemon=True).start()
        except OSError:
            pass  # the test is over

    def pass_on(self, source, target):
        try:
            while data := source.recv(65536):
                if not self.is_cut(data):
                    target.sendall(self.change(data))
                elif self.answer:
                    source.sendall(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % self.answer)
                else:
                    break
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def change(self, data):
        return data

    def is_cut(self, data):
        found = self.cut < self.most and self.words in data
        self.cut += found
        if found:
            self.on_cut()
        return found


class Down(Cutter):
    """A way to a server that refuses connections until it is opened."""

    def __init__(self, port):
        super().__init__(port, b"nothing is cut")
        self.socket.close()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))

    def __enter__(self):
        return self

    def open(self):
        self.socket.listen()
        super().__enter__()


class Older(Cutter):
    """A way to a server that says that its jobs are an hour older, and that loses the first request to create one."""

    def __init__(self, port, member):
        super().__init__(port, CREATE, 1)
        self.time = re.compile(b'("' + member + rb'":)(\d{10})\b')

    def change(self, data):
        return self.time.sub(lambda found: found[1] + b"%d" % (int(found[2]) - 3600), data)


class Shuffler(Cutter):
    """A way to a server that changes the first two results of some files: both are the first one, or each has the id of the
    other."""

    def __init__(self, port, most, swaps=False):
        super().__init__(port, b"nothing is cut")
        self.left, self.swaps = most, swaps

    def change(self, data):
        lines = [line for line in data.split(b"\n") if line.startswith(b'{"id":"') and b'"custom_id":"' in line]
        if len(lines) < 2 or not self.left:
            return data
        self.left -= 1
        first, second = (json.loads(line)["custom_id"].encode() for line in lines[:2])
        if not self.swaps:
            assert len(lines[0]) == len(lines[1]), lines
            return data.replace(lines[1], lines[0])
        return data.replace(first, b"?").replace(second, first).replace(b"?", second)


class NoDelete(Cutter):
    """A way to a server that can't delete files, as the router of vLLM's production-stack."""

    answer = b"405 Method Not Allowed"

    def __init__(self, port):
        super().__init__(port, b"DELETE /", ALWAYS)


class NoFiles(Cutter):
    """A way to a server that can't list its files."""

    answer = b"501 Not Implemented"

    def __init__(self, port):
        super().__init__(port, b"GET /v1/files?", ALWAYS)


class Emptier(Cutter):
    """A way to a server that answers the first downloads with nothing, in a valid answer."""

    answer = b"200 OK"

    def __init__(self, port, most):
        super().__init__(port, b"/content ", most)


class NoList(Cutter):
    """A way to a server that has no list, as SGLang's, and that loses the first request to create a job."""

    def __init__(self, port):
        super().__init__(port, CREATE, 1)

    def change(self, data):
        return data.replace(b"GET /v1/batches?", b"GET /v1/no-list?")


class Changer(Cutter):
    """A way to a server whose answers are changed: `what` is replaced by a text of the same length. Each of these
    changes is of a server between, or of one that people run themselves."""

    def __init__(self, port, what, by):
        super().__init__(port, b"nothing is cut")
        self.what, self.by = re.compile(what), by

    def change(self, data):
        return self.what.sub(lambda found: self.by.ljust(len(found[0])), data)


class Spoiler(Cutter):
    """A way to a server on which no answer in a file of results can be read."""

    def __init__(self, port):
        super().__init__(port, b"nothing is cut")
        self.failed = False  # the job is said to have failed as a whole, too

    def change(self, data):
        if self.failed:
            data = data.replace(b'"status":"completed"', b'"status":"failed"   ')
        return data.replace(b'"status_code":200', b'"status_code":302')


def cancelling_is_tried_again():
    with Place("--batch-polls", "20") as place, Cutter(place.peer.port, b"/cancel ") as way:
        place.peer.base = way.base
        place.write(texts(4))
        expect(place.ask(), UNDER_WAY)
        expect(place.run(*place.common(), "--cancel", "--wait", "--poll", "0.05", "-o", "max_retries=0"), 0,
               "can't be cancelled", "is being cancelled", "4 lines are left")
        assert way.cut == 2


def an_outage_is_told_once():
    with Place("--batch-polls", "2") as place, Cutter(place.peer.port, b"GET /v1/batches/", 8) as way:
        place.peer.base = way.base
        place.write(texts(4))
        ended = expect(place.wait("-o", "max_retries=0"), 0, "4 of 4 lines done")
        assert way.cut == 8 and ended.err.count("the state of a job can't be read; trying again") == 1, ended


# ---- lines without an answer

def lines_that_expired_are_asked_again_and_only_they():
    with Place("--batch-seconds", "0", "--fault", "expire:2") as place:
        place.write(texts(21))
        expect(place.ask(), UNDER_WAY)
        expect(place.wait(), 0)
        report = place.control()
        assert report["texts_answered_twice"] == 0 and report["lines"]["answered"] == 21


def a_line_is_in_three_jobs_at_most():
    for word, code in (("fail-expired", "timeout"), ("fail-429", "rate_limit"), ("fail-500", "internal_error")):
        with Place() as place:
            place.write(["fine", f"this is {word}", "good"])
            expect(place.wait(), PARTLY, "2 of 3 lines done, 1 failed")
            error = place.results()[2]["error"]
            assert error["code"] == code, error
            report = place.control()
            assert report["lines"]["created"] == 5 and report["jobs"]["created"] == 3, report["lines"]
            # Asked for, it gets three more.
            expect(place.wait("--retry-failed"), PARTLY)
            assert place.control()["jobs"]["created"] == 6


def a_failure_that_passes_is_asked_once_more():
    with Place() as place:
        place.write(["fine", "fail-429-once", "fail-500-once", "fail-expired-once"])
        expect(place.wait(), 0)
        report = place.control()
        assert report["lines"]["created"] == 7 and report["jobs"]["created"] == 2


def tries_are_counted_over_runs():
    with Place() as place:
        place.write(["fail-500"])
        for _ in range(3):
            wait_until(lambda: place.ask().code in (PARTLY, UNDER_WAY))
        wait_until(lambda: place.ask().code == PARTLY)
        assert place.control()["jobs"]["created"] == 3


def what_is_wrong_with_a_line_is_final():
    with Place() as place:
        place.write(["fine", "fail-400", "good"])
        expect(place.wait("--errors", place.path("errors.jsonl")), PARTLY, "invalid_request")
        assert place.control()["jobs"]["created"] == 1
        assert place.results()[2]["error"]["code"] == "invalid_request"
        with open(place.path("errors.jsonl"), encoding="utf-8") as file:
            assert [json.loads(line)["line"] for line in file] == [2]


def want_of_credit_stops_the_run_and_fails_no_line():
    with Place() as place:
        place.write(["fine", "fail-quota-once", "good"])
        expect(place.wait(), 5, "quota_exceeded", "1 line is left")
        assert set(place.results()) == {1, 3}
        expect(place.wait(), 0)
        assert_each_once(place, 3, asked=4)


def a_job_that_fails_as_a_whole_stops_the_run_with_its_reason():
    with Place("--batch-seconds", "0", "--fault", "invalid") as place:
        place.write(texts(7))
        expect(place.wait(), 1, "failed: ", "7 lines are left")
        assert place.control()["jobs"]["created"] == 1
        assert place.results() == {}


def the_reason_of_a_failed_job_is_told_although_its_answers_cannot_be_read():
    with Place() as place, Spoiler(place.peer.port) as way:
        place.write(texts(3))
        place.peer.base, way.failed = way.base, True
        expect(place.wait(), 8, "so its files are kept at the provider", "failed: the provider gave no reason")
        assert place.control()["jobs"]["created"] == 1


def a_full_queue_is_waited_for_with_smaller_jobs():
    with Place("--batch-seconds", "0", "--fault", "queue-full:2") as place:
        place.write(texts(8))
        expect(place.wait("--limit", "4"), 0)
        expect(place.wait(), 0, "its lines will be asked again later: Enqueued token limit")
        report = place.control()
        assert report["texts_answered_twice"] == 0 and len(place.results()) == 8
        assert max(job["lines"] for job in report["jobs"]["all"][2:]) == 2, report["jobs"]["all"]
    with Place("--batch-seconds", "0", "--fault", "queue-full") as place:
        place.write(texts(8))
        expect(place.ask(), UNDER_WAY)
        expect(place.ask(), 5, "Enqueued token limit", "with --wait, beluga tries smaller jobs", "8 lines are left")
        expect(place.wait(), 5, "Enqueued token limit")  # for a single line, too
        assert place.results() == {}


def a_server_that_takes_less_gets_smaller_jobs():
    with Place("--batch-seconds", "0", "--max-body", "3000") as place:
        place.write(texts(60))
        expect(place.wait(), 0, "a job of 60 lines is too large for the server")
        report = place.control()
        assert report["texts_answered_twice"] == 0 and len(place.results()) == 60
        assert place.events() is None


def a_job_of_more_than_may_wait_is_made_smaller():
    # Google refuses a job that has more tokens than may wait with 429 and no time to wait (googleapis/python-genai 1901,
    # js-genai 1264)
    refusal = rb"HTTP/1\.1 413 [^\r]*"
    for ask in ("wait", "ask"):
        with Place("--batch-seconds", "0", "--max-body", "3000") as place, \
                Changer(place.peer.port, refusal, b"HTTP/1.1 429 Too Many") as way:
            place.peer.base = way.base
            place.write(texts(60))
            ended = getattr(place, ask)("-o", "max_retries=0")
            expect(ended, 0 if ask == "wait" else UNDER_WAY, "a job of 60 lines may be too large for the server")
            assert place.control()["jobs"]["created"] > 1
            expect(place.wait("-o", "max_retries=0"), 0)
            assert_each_once(place, 60)
    with Place("--max-body", "100") as place, Changer(place.peer.port, refusal, b"HTTP/1.1 429 Too Many") as way:
        place.peer.base = way.base
        place.write(texts(4))
        expect(place.ask("-o", "max_retries=0"), 5, "accepts no more jobs now", "4 lines are left")


def answers_that_cannot_be_read_are_not_deleted():
    with Place() as place, Spoiler(place.peer.port) as way:
        place.write(texts(3))
        base, place.peer.base = place.peer.base, way.base
        expect(place.wait(), 8, "invalid_response", "so its files are kept at the provider", "3 lines are left")
        assert [file["kind"] for file in place.control()["files"]["now"]] == ["upload", "result"], place.control()["files"]
        assert place.events()[-2:] == ["collected", "kept"], place.events()
        place.peer.base = base
        expect(place.wait(), 0, "3 of 3 lines done")
        assert len(place.control()["files"]["now"]) == 2


def no_other_job_is_paid_when_no_answer_of_one_can_be_read():
    # a body that is a string without JSON; ids that were changed
    for what, by, words in ((rb'"body":\{"id":"chatcmpl.*(?=\}\},"error")', b'"body":"nothing","rest":{', "malformed_response"),
                            (rb'"custom_id":"b-(?=.*"response":)', b'"custom_id":"x-', "has the id of one of its lines")):
        with Place("--batch-seconds", "0") as place, Changer(place.peer.port, what, by) as way:
            place.write(texts(3))
            place.peer.base = way.base
            expect(place.wait(), 8, words, "so its files are kept at the provider", "3 lines are left")
            assert place.control()["jobs"]["created"] == 1
            assert place.events()[-2:] == ["collected", "kept"], place.events()


def a_page_in_the_place_of_results_ends_the_run_at_last():
    with Place("--batch-seconds", "0") as place, Changer(place.peer.port, rb'\{"id":"batch_req_', b"<html>") as way:
        place.write(texts(3))
        base, place.peer.base = place.peer.base, way.base
        ended = expect(place.wait("-o", "max_retries=0"), 8, "no line of the file of results can be read",
                       "look at the job on the provider's own page", "3 lines is under way")
        assert ended.err.count("trying again") == 1, ended
        place.peer.base = base
        expect(place.wait(), 0)
        assert_each_once(place, 3)


def results_that_are_gone_say_what_to_do():
    gone = rb'"output_file_id":"file-[^"]*"'
    with Place("--batch-seconds", "0") as place, Changer(place.peer.port, gone, b'"output_file_id":"file-0"') as way:
        place.write(texts(3))
        base, place.peer.base = place.peer.base, way.base
        expect(place.wait(), 1, "not_found", "providers delete them after some time", "remove " + place.out + ".jobs")
        assert place.control()["jobs"]["created"] == 1
        place.peer.base = base
        expect(place.wait(), 0)
        assert_each_once(place, 3)


def a_file_that_was_cut_at_the_provider_is_waited_for():
    # in the last line of a file there is no newline any more, and half of its text is missing
    for count in (b"3", b"0"):
        cut = rb'"response":[^\n]*\n$|(?<="completed":)3'
        with Place("--batch-seconds", "0") as place, Changer(place.peer.port, cut, b"0") as way:
            way.change = lambda data, way=way, count=count: way.what.sub(
                lambda found: count if found[0] == b"3" else b" " * len(found[0]), data)
            place.write(texts(3))
            base, place.peer.base = place.peer.base, way.base
            expect(place.ask(), UNDER_WAY)
            expect(place.ask("-o", "max_retries=0"), 8, "only 2 of at least 3 results")
            assert place.events()[-1] == "looked" and len(place.results()) == 2, place.events()
            place.peer.base = base
            expect(place.wait(), 0)
            assert_each_once(place, 3)


def jobs_without_the_record_of_their_run_are_told():
    with Place("--batch-seconds", "60") as place:
        place.write(texts(3))
        expect(place.ask(), UNDER_WAY)
        os.rename(place.out + ".batch", place.path("away"))
        expect(place.ask(), USAGE, "put " + place.out + ".batch back", "end them with --cancel")
        os.remove(place.out)
        expect(place.ask(), USAGE, "put " + place.out + ".batch back")
        assert place.control()["jobs"]["created"] == 1
        os.rename(place.path("away"), place.out + ".batch")
        expect(place.ask(), UNDER_WAY)


def answers_of_a_job_that_was_cut_short_are_waited_for():
    for state in (b"expired", b"cancelled"):
        with Place("--batch-seconds", "0") as place, Changer(place.peer.port, b'"status":"completed"', b"") as way:
            late = rb'"output_file_id":"file-[^"]*"'
            way.change = lambda data, state=state: re.sub(
                late, lambda found: b'"output_file_id":null'.ljust(len(found[0])),
                way.what.sub((b'"status":"%b"' % state).ljust(20), data))
            place.write(texts(3))
            base, place.peer.base = place.peer.base, way.base
            expect(place.ask(), UNDER_WAY)
            expect(place.ask(), 8, "only 0 of at least 3 results")
            place.peer.base = base
            expect(place.wait(), 0)
            assert_each_once(place, 3)


def a_state_that_is_not_known_is_told_in_the_words_of_the_provider():
    with Place("--batch-seconds", "0") as place, Changer(place.peer.port, b'"status":"completed"', b'"status":"paused"') as way:
        place.write(texts(2))
        place.peer.base = way.base
        expect(place.ask(), UNDER_WAY)
        expect(place.ask(), UNDER_WAY, 'in the state "paused"')


def results_that_are_cut_are_fetched_again():
    for fault in ("cut-results:3", "cut-chunked:3"):
        with Place("--batch-seconds", "0", "--fault", fault, "--fault", "line-429:0.3") as place:
            place.write(texts(200))
            ended = place.wait()
            assert ended.code in (0, PARTLY), ended
            report = place.control()
            assert report["texts_answered_twice"] == 0, report
            assert len(place.results()) == 200


def answers_that_are_missing_in_the_results_are_waited_for():
    with Place() as place, Emptier(place.peer.port, 2) as way:
        place.peer.base = way.base
        place.write(texts(5))
        expect(place.ask(), UNDER_WAY)
        wait_until(lambda: place.control()["jobs"]["all"][0]["state"] == "completed")
        expect(place.ask(), 8, "only 0 of at least 5 results", "is under way")
        expect(place.wait(), 0)
        assert_each_once(place, 5)
    with Place() as place, Emptier(place.peer.port, 2) as way:
        place.peer.base = way.base
        place.write(texts(5))
        expect(place.ask(), UNDER_WAY)
        wait_until(lambda: place.control()["jobs"]["all"][0]["state"] == "completed")
        expect(place.ask(), 8, "only 0 of at least 5 results")
        place.age()
        expect(place.wait(), 0, "lack 5 answers")
        assert place.control()["jobs"]["created"] == 2 and place.control()["files"]["uploads_now"] == 1


def a_result_that_comes_twice_hides_no_missing_one():
    with Place("--batch-seconds", "0") as place, Shuffler(place.peer.port, 1) as way:
        place.peer.base = way.base
        place.write(texts(5))
        expect(place.wait(), 0, "only 4 of at least 5 results")
        assert_each_once(place, 5)


def an_answer_to_another_line_is_an_error_that_was_paid_for():
    with Place("--batch-seconds", "0") as place, Shuffler(place.peer.port, 1, swaps=True) as way:
        place.peer.base = way.base
        place.write([embedding(1, "a"), embedding(2, ["a", "b"])], "in.jsonl")
        with open(place.path("prices.yaml"), "w", encoding="utf-8") as file:
            file.write(PRICES)
        ended = place.wait("-o", f"prices={place.path('prices.yaml')}", source="in.jsonl")
        expect(ended, PARTLY, "has 1 vector, but the line has 2 texts", "its files are kept")
        for record in place.results().values():
            assert record["error"]["code"] == "invalid_response" and record["cost"] > 0, record


def a_result_that_is_too_large_costs_no_other():
    with Place() as place:
        place.write(["fine", "x" * 300_000, "good", "x" * 9_000, "last"])
        ended = expect(place.wait("-o", "max_response_bytes=8192"), 1, "larger than max_response_bytes")
        assert "-o max_response_bytes=BYTES" in ended.err and sorted(place.results()) == [1, 3, 5], ended
        expect(place.wait(), 0)
        assert_each_once(place, 5)


# ---- what a line is

def ids_templates_and_formats_are_those_of_other_runs():
    with Place() as place:
        place.write(["id,text", "sea,the sea", "sky,the sky", "sea,again"], "in.csv")
        expect(place.wait("--template", "Translate {{text}}", "--ordered", source="in.csv"), PARTLY)
        results = place.results()
        assert [results[n]["id"] for n in (2, 3, 4)] == ["sea", "sky", None]
        assert results[2]["text"] == "echo: Translate the sea"
        assert "an earlier line has the same id" in results[4]["error"]["message"]
        assert list(results) == [2, 3, 4]
    with Place() as place:
        place.write([chat(1, "q1"), chat(2, "q2"), embedding(3, ["abc", "de"])], "in.jsonl")
        expect(place.wait("--output-format", "openai", source="in.jsonl"), 0)
        with open(place.out, encoding="utf-8") as file:
            results = {record["custom_id"]: record for record in map(json.loads, file)}
        assert results["r2"]["response"]["body"]["choices"][0]["message"]["content"] == "echo: q2"
        body = results["r3"]["response"]["body"]
        assert body["object"] == "list" and body["usage"] == {"prompt_tokens": 2, "total_tokens": 2}, body
        assert [(v["index"], v["embedding"]) for v in body["data"]] == [(0, vector("abc")), (1, vector("de"))], body


# ---- lines that ask for vectors

def each_api_embeds_texts_in_jobs_of_their_own():
    for api in ("openai", "openai-responses", "mistral", "gemini"):
        with Place("--batch-seconds", "0.1", api=api) as place:
            lines = [embedding(n, f"text {n}", dimensions=5) if n % 2 else chat(n, f"question {n}") for n in range(1, 21)]
            place.write(lines, "in.jsonl")
            expect(place.wait(source="in.jsonl"), 0, "20 of 20 lines done")
            assert_each_once(place, 20)
            for line, record in place.results().items():
                if line % 2:
                    assert record["embeddings"] == [vector(f"text {line}", 5)] and "text" not in record, record
                    assert record["usage"] == {"input_total": 2} and record["provider"] == api, record
                else:
                    assert record["text"] == f"echo: question {line}", record
            report = place.control()
            assert [job["lines"] for job in report["jobs"]["all"]] == [10, 10], report["jobs"]
            left = report["files"]  # Google refuses to delete its files of results
            assert (left["uploads_now"], left["results_now"]) == (0, 2 * int(api == "gemini")), f"{api}: {left}"


def a_line_may_have_many_texts_where_the_api_takes_them():
    inputs = [f"text {n}" for n in range(300)]
    for api, most in (("openai", 2048), ("mistral", 256), ("gemini", 1)):
        with Place(api=api) as place:
            place.write([embedding(1, inputs), embedding(2, ["one"])], "in.jsonl")
            ended = expect(place.wait(source="in.jsonl"), 0 if most >= 300 else PARTLY)
            results = place.results()
            assert results[2]["embeddings"] == [vector("one")], ended
            if most >= 300:
                assert results[1]["embeddings"] == [vector(text) for text in inputs]
            else:
                assert results[1]["error"]["code"] == "invalid_input", results[1]
                assert place.control()["lines"]["created"] == 1


def jobs_that_embed_nothing_say_so_before_anything_is_sent():
    for api in ("anthropic", "azure", "groq", "together"):
        with Place(api=api) as place:
            place.write([embedding(1, "one"), embedding(2, "two")], "in.jsonl")
            expect(place.wait(source="in.jsonl"), PARTLY, "0 of 2 lines done, 2 failed")
            assert all("batch jobs can't embed texts: ask this line without --provider-batch" in record["error"]["message"]
                       for record in place.results().values()), place.results()
            assert place.control()["requests"] == 0, place.control()


def lines_for_vectors_fail_and_are_asked_again_as_others_are():
    with Place() as place:
        place.write([embedding(1, "fine"), embedding(2, "fail-429-once"), embedding(3, "fail-400")], "in.jsonl")
        expect(place.wait(source="in.jsonl"), PARTLY, "2 of 3 lines done, 1 failed")
        assert place.results()[2]["embeddings"] == [vector("fail-429-once")]
        assert place.results()[3]["error"]["code"] == "invalid_request"
        assert place.control()["jobs"]["created"] == 2


def vectors_cost_half_and_no_output():
    with Place() as place:
        with open(place.path("prices.yaml"), "w", encoding="utf-8") as file:
            file.write(PRICES)
        priced = ("-o", f"prices={place.path('prices.yaml')}")
        place.write([embedding(n, f"text {n}") for n in range(1, 21)], "in.jsonl")
        estimate = json.loads(expect(place.ask(*priced, "--dry-run", "--json", source="in.jsonl"), 0).out)
        assert estimate["output_tokens"] == 0 and abs(estimate["cost_in_jobs"] - estimate["cost"] / 2) < 1e-9, estimate
        # With an answer of 50 tokens, as max_tokens allows others, one line could cost $0.025.
        expect(place.wait(*priced, "--budget", "0.01", source="in.jsonl"), 0)
        assert_each_once(place, 20)
        record = place.results()[1]
        assert abs(record["cost"] - record["usage"]["input_total"] * 100 / 1e6 / 2) < 1e-12, record


def an_answer_is_held_against_its_schema():
    with Place() as place:
        place.write(texts(2))
        expect(place.wait("--schema", "name str"), 8, "2 answers do not fit the schema")
        assert "it is not valid JSON" in place.results()[1]["misfit"]


def a_line_that_changed_meanwhile_does_not_get_the_old_answer():
    with Place("--batch-polls", "2") as place:
        place.write(texts(4))
        expect(place.ask(), UNDER_WAY)
        place.write(["question 1", "another", "question 3", "question 4", "question 5"])
        expect(place.wait(), 0, "1 line of the input changed")
        results = place.results()
        assert results[2]["text"] == "echo: another" and results[5]["text"] == "echo: question 5"
        assert len(results) == 5


def lines_that_moved_keep_their_answers():
    for after, created, twice in ((texts(5)[1:], 5, 0), (texts(5)[::-1], 5, 0), (["new"] + texts(5), 7, 1),
                                  (["question 2"] * 2 + ["question 1"], 6, 1)):
        with Place("--batch-polls", "2") as place:
            place.write(texts(5))
            expect(place.ask(), UNDER_WAY)
            place.write(after)
            expect(place.wait(), 0)
            assert [place.results()[n + 1]["text"] for n in range(len(after))] == [f"echo: {text}" for text in after]
            report = place.control()
            assert (report["lines"]["created"], report["texts_answered_twice"]) == (created, twice), (after, report["lines"])


def equal_lines_that_moved_keep_an_answer_each():
    with Place("--batch-polls", "2") as place:
        place.write(["same"] * 8)
        expect(place.ask(), UNDER_WAY)
        place.write(["new"] + ["same"] * 7)
        expect(place.wait(), 0)
        assert place.control()["lines"]["created"] == 9, "a line whose answer is paid for was asked again"


def lines_that_are_gone_meanwhile_are_told():
    with Place("--batch-polls", "2") as place:
        place.write(texts(4))
        expect(place.ask(), UNDER_WAY)
        place.write(texts(2))
        ended = expect(place.wait(), 0, "2 lines of the job", "are no longer in the input")
        assert "not its own" not in ended.err and len(place.results()) == 2


def jobs_are_found_in_an_input_that_changed_around_them():
    with Place("--batch-polls", "2", "--max-body", "3000") as place:
        place.write(texts(60))
        expect(place.ask(), UNDER_WAY, "a job of 60 lines is too large for the server")
        lines = max(job["lines"] for job in place.control()["jobs"]["all"])
        kept = texts(3 * lines)
        kept[lines] = ""  # the first line of the second job; the fourth one has no line any more
        place.write(kept)
        ended = expect(place.wait("--ordered"), 0, "no longer in the input")
        assert "input changed" not in ended.err and place.control()["lines"]["created"] == 60, ended
        assert [(n, r["text"]) for n, r in place.results().items()] == \
            [(n, f"echo: {text}") for n, text in enumerate(kept, 1) if text]


def jobs_keep_the_model_and_the_options_that_they_were_begun_with():
    with Place("--batch-seconds", "60") as place:
        place.write(texts(2))
        expect(place.ask(), UNDER_WAY)
        expect(place.ask("-o", "temperature=0.5"), USAGE, "its batch jobs are under way")
        expect(place.ask(), UNDER_WAY)


# ---- money

def cancelling_says_how_to_go_on():
    with Place("--batch-polls", "20") as place:
        place.write(texts(4))
        expect(place.ask(), UNDER_WAY)
        expect(place.run("--cancel", "--wait", "--out", place.out), USAGE, "--cancel --wait needs the input file")
        expect(place.run(*place.common(), "--cancel", "--wait", "--poll", "0.05"), 0, "4 lines are left",
               "the same command without --cancel continues")


def answers_cost_half_and_the_budget_holds():
    with Place() as place:
        with open(place.path("prices.yaml"), "w", encoding="utf-8") as file:
            file.write(PRICES)
        priced = ("-o", f"prices={place.path('prices.yaml')}")
        place.write(texts(20))
        estimate = json.loads(expect(place.ask(*priced, "--dry-run", "--json"), 0).out)
        assert abs(estimate["cost_in_jobs"] - estimate["cost"] / 2) < 1e-9, estimate
        assert "in batch jobs (0.5 of the price)" in place.ask(*priced, "--dry-run").out
        # A line may cost $0.025 with 50 tokens of answer, and costs a tenth of that.
        expect(place.wait(*priced, "--budget", "0.03"), 5, "the budget of $0.03 does not suffice for the next line", "with a larger --budget continues")
        first = place.results()
        assert 3 <= len(first) < 20, len(first)
        usage = first[1]["usage"]
        full = (100 * usage["input_total"] + 1000 * usage["output_total"]) / 1e6
        assert abs(first[1]["cost"] - full / 2) < 1e-12, first[1]
        assert sum(record["cost"] for record in first.values()) <= 0.03
        expect(place.wait(*priced, "--budget", "100"), 0)
        assert_each_once(place, 20)


def a_dry_run_counts_what_jobs_under_way_may_cost():
    with Place("--batch-seconds", "60") as place:
        with open(place.path("prices.yaml"), "w", encoding="utf-8") as file:
            file.write(PRICES)
        priced = ("-o", f"prices={place.path('prices.yaml')}")
        place.write(texts(3))
        expect(place.ask(*priced), UNDER_WAY)  # a line may cost $0.025
        expect(place.ask(*priced, "--dry-run", "--budget", "0.05"), 0, "3 under way", "Budget     $0.05: not enough")
        expect(place.ask(*priced, "--dry-run", "--budget", "0.1"), 0, "Budget     $0.1: enough")


# ---- what is left behind

def members_for_bodies_do_not_touch_the_job():
    for api in APIS:
        with Place("--batch-seconds", "0", api=api) as place:
            place.write(texts(2))
            expect(place.wait("-o", 'extra_body={"top_k":7}'), 0)
            assert_each_once(place, 2)


def files_that_cannot_be_deleted_stay():
    with Place() as place, NoDelete(place.peer.port) as way:
        place.peer.base = way.base
        place.write(texts(2))
        expect(place.wait(), 0, "could not be deleted; they stay there", "405")
        assert_each_once(place, 2)
        assert "deleted" not in expect(place.wait(), 0).err


def files_that_cannot_be_listed_stay():
    with Place("--fault", "busy-create") as place, NoFiles(place.peer.port) as way:
        place.peer.base = way.base
        place.write(texts(2))
        expect(place.ask("-o", "max_retries=0"), 5, "could not be deleted; they stay there", "501")
        assert place.events() == ["begin", "intent", "refused", "kept"], place.events()
    with Place() as place, NoFiles(place.peer.port) as way:
        place.peer.base = way.base
        place.write(texts(2))
        assert "deleted" not in expect(place.wait(), 0).err
        assert_each_once(place, 2)
        assert place.control()["files"]["now"] == []


def the_wait_that_a_provider_asks_for_is_kept():
    with Place("--batch-seconds", "0", "--fault", "busy-create:2") as place:
        place.write(texts(2))
        expect(place.wait(), 0)
        place.write(texts(4))
        ended = expect(place.wait("-o", "max_retries=0"), 0, "trying again after 1s, as the provider asks")
        assert ended.err.count("trying again") == 1, ended
        assert_each_once(place, 4)


def a_refused_job_leaves_no_file():
    for api in APIS:
        with Place("--fault", "busy-create:1", api=api) as place:
            place.write(texts(3))
            for _ in range(2):
                expect(place.ask("-o", "max_retries=0"), 5, "3 lines are left")
            files = place.control()["files"]
            assert (files["uploaded"], files["uploads_now"]) == (0 if api == "anthropic" else 2, 0), files


def files_may_be_kept():
    with Place() as place:
        place.write(texts(3))
        expect(place.wait("--keep-files"), 0)
        files = place.control()["files"]
        assert files["uploads_now"] == 1 and files["results_now"] == 1, files
        expect(place.wait(), 0)  # and a later run leaves them, too
        assert place.control()["files"]["uploads_now"] == 1


# ---- what is refused

def what_no_job_can_do_is_told():
    with Place() as place:
        place.write(texts(2))
        expect(place.run(place.path("in.txt"), "--out", place.out, "-m", "mock/echo", "--provider-batch"), 3,
               "knows no batch API for mock/echo", "openai")
        expect(place.ask("-T", "all"), USAGE, "can't call tools")
        expect(place.ask("-o", "fallback=mock/echo"), USAGE, "fallback")
        expect(place.run(*place.common(), "--wait"), USAGE, "--wait needs --provider-batch")
        expect(place.ask("--poll", "soon"), USAGE, "--poll")
        assert place.control()["jobs"]["created"] == 0


def a_job_of_another_key_is_not_asked_anew():
    with Place("--batch-seconds", "60") as place:
        place.write(texts(2))
        expect(place.ask(), UNDER_WAY)
        place.key = "another"
        assert "it belongs to another key, or was deleted" in expect(place.ask(), 1).err
        assert place.control()["jobs"]["created"] == 1


def a_job_may_be_missing_for_a_moment():
    # each fourth request misses: the one for the results of a job that has ended, or for the state of one that runs
    for polls, trouble in (("3", "the results of a job can't be fetched"), ("6", "the state of a job can't be read")):
        for api in APIS:
            with Place("--batch-polls", polls, "--fault", "missing-get:4", api=api) as place:
                place.write(texts(3))
                assert f"{trouble}; trying again" in expect(place.wait(), 0, "3 of 3 lines done").err, api
                assert_each_once(place, 3)
                assert place.control()["jobs"]["created"] == 1


def a_server_that_is_down_is_waited_for_with_one_job():
    with Place() as place, Down(place.peer.port) as way:
        place.peer.base = way.base
        place.write(texts(3))
        with open(place.path("err"), "w+", encoding="utf-8") as err:
            process = place.start(*place.common(), "--provider-batch", "--wait", "--poll", "0.01", "-o", "max_retries=0", err=err)
            wait_until(lambda: "could not be deleted" in read(place.path("err")))
            time.sleep(0.5)  # some rounds
            assert place.events().count("intent") == 1, place.events()
            way.open()
            place.finish(process)
        ended = expect(Ended(process.returncode, "", read(place.path("err"))), 0, "no job could be created; trying again",
                       "could not be deleted; trying again later", "3 of 3 lines done")
        assert ended.err.count("trying again") == 2, ended
        assert_each_once(place, 3)
        report = place.control()
        assert report["jobs"]["created"] == 1 and report["files"]["now"] == [], report


def a_server_that_is_down_leaves_a_journal_that_says_little():
    with Place() as place, Down(place.peer.port) as way:
        place.peer.base = way.base
        place.write(texts(3))
        for run_before in range(3):
            ended = expect(place.ask("-o", "max_retries=0"), 7, "no job could be created")
            assert ended.err.count("could not be deleted; the next run tries again") == bool(run_before), ended
        way.open()
        expect(place.wait(), 0, "3 of 3 lines done")
        report = place.control()
        assert report["jobs"]["created"] == 1 and report["files"]["now"] == [], report


def a_job_that_stays_missing_ends_the_run():
    with Place("--batch-seconds", "60", "--fault", "missing-get:1") as place:
        place.write(texts(2))
        ended = expect(place.wait(), 1, "or was deleted")
        assert ended.err.count("trying again") == 1, ended
        assert place.control()["jobs"]["created"] == 1


def signed(**members):
    text = json.dumps(members, separators=(",", ":"))[:-1]
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], sys.byteorder)
    return f'{text},"sum":"{digest:016x}"}}\n'


def the_list_of_another_key_proves_nothing():
    with Place("--batch-seconds", "60") as place:
        place.write(texts(4))
        expect(place.ask("--limit", "2"), UNDER_WAY)
        job = place.control()["jobs"]["all"][0]["id"]
        begun = int(time.time()) - 3600
        intent = {"event": "intent", "model": f"openai/{MODEL}", "count": 2, "bytes": 100, "time": begun, "reserved": 0.0}
        with open(place.out + ".jobs", "w", encoding="utf-8") as file:
            file.write(signed(event="begin", version=1) + signed(**intent, name="beluga-a", lines="1-2") +
                       signed(event="created", name="beluga-a", id=job) + signed(**intent, name="beluga-b", lines="3-4"))
        place.key = "another"
        for _ in range(2):
            assert "does not show a job that is under way" in place.ask().err
        assert place.events()[-1] == "intent", place.events()
        place.key = "secret"
        expect(place.ask(), UNDER_WAY)
        assert place.events()[-1] == "looked", place.events()


def a_damaged_journal_stops_the_run():
    with Place("--batch-seconds", "60") as place:
        place.write(texts(2))
        expect(place.ask(), UNDER_WAY)
        with open(place.out + ".jobs", "a", encoding="utf-8") as file:
            file.write('{"event":"crea')  # torn: dropped
        expect(place.ask(), UNDER_WAY)
        with open(place.out + ".jobs", "a", encoding="utf-8") as file:
            file.write(signed(event="later"))
        expect(place.ask(), USAGE, "is damaged in line 4")
        with open(place.out + ".jobs", "w", encoding="utf-8") as file:
            file.write(signed(event="begin", version=2))
        expect(place.ask(), USAGE, "another version")


CHECKS = [no_copy_of_a_repeated_upload_stays, files_that_cannot_be_listed_stay,
          a_job_that_was_never_sent_to_another_model_leaves_no_journal,
          the_reason_of_a_failed_job_is_told_although_its_answers_cannot_be_read,
          a_call_that_was_never_made_has_made_no_job, lines_that_moved_keep_their_answers,
          answers_that_are_missing_in_the_results_are_waited_for, a_file_whose_job_was_not_made_before_a_kill_is_deleted,
          the_file_of_a_refused_job_is_deleted, an_upload_is_repeated, an_upload_that_fails_has_made_no_job,
          a_job_that_was_never_sent_is_not_looked_for, jobs_of_which_nobody_knows_are_not_created_without_end,
          cancelling_is_tried_again, an_outage_is_told_once, jobs_are_found_in_an_input_that_changed_around_them,
          a_server_that_takes_less_gets_smaller_jobs, lines_that_are_gone_meanwhile_are_told,
          each_api_answers_each_line_once, a_job_that_was_made_without_an_answer_is_found,
          another_job_of_as_many_lines_is_not_taken_for_it, a_job_that_was_never_made_is_made_after_two_looks,
          where_no_list_is_the_user_is_told_what_to_do, a_job_is_found_where_names_are_dropped,
          a_job_whose_results_are_gone_is_another, jobs_are_under_way_until_a_later_run_collects_them,
          ctrl_c_leaves_the_jobs_and_says_how_to_go_on, a_kill_at_any_moment_pays_nothing_twice,
          cancelling_keeps_what_was_answered_and_frees_the_rest, cancelling_needs_no_input,
          a_job_that_has_ended_is_not_said_to_be_cancelled, lines_that_expired_are_asked_again_and_only_they,
          a_line_is_in_three_jobs_at_most, a_failure_that_passes_is_asked_once_more, tries_are_counted_over_runs,
          what_is_wrong_with_a_line_is_final, want_of_credit_stops_the_run_and_fails_no_line,
          a_job_that_fails_as_a_whole_stops_the_run_with_its_reason, a_full_queue_is_waited_for_with_smaller_jobs,
          results_that_are_cut_are_fetched_again, answers_that_cannot_be_read_are_not_deleted,
          no_other_job_is_paid_when_no_answer_of_one_can_be_read, a_page_in_the_place_of_results_ends_the_run_at_last,
          results_that_are_gone_say_what_to_do, a_file_that_was_cut_at_the_provider_is_waited_for,
          a_state_that_is_not_known_is_told_in_the_words_of_the_provider, jobs_without_the_record_of_their_run_are_told,
          answers_of_a_job_that_was_cut_short_are_waited_for,
          members_for_bodies_do_not_touch_the_job, files_that_cannot_be_deleted_stay,
          the_wait_that_a_provider_asks_for_is_kept, a_job_of_more_than_may_wait_is_made_smaller,
          ids_templates_and_formats_are_those_of_other_runs, each_api_embeds_texts_in_jobs_of_their_own,
          a_line_may_have_many_texts_where_the_api_takes_them, jobs_that_embed_nothing_say_so_before_anything_is_sent,
          lines_for_vectors_fail_and_are_asked_again_as_others_are, vectors_cost_half_and_no_output,
          an_answer_is_held_against_its_schema, a_line_that_changed_meanwhile_does_not_get_the_old_answer,
          jobs_keep_the_model_and_the_options_that_they_were_begun_with, answers_cost_half_and_the_budget_holds,
          a_dry_run_counts_what_jobs_under_way_may_cost,
          a_result_that_is_too_large_costs_no_other, a_refused_job_leaves_no_file, files_may_be_kept,
          what_no_job_can_do_is_told, a_job_of_another_key_is_not_asked_anew, a_job_may_be_missing_for_a_moment,
          a_server_that_is_down_is_waited_for_with_one_job, a_server_that_is_down_leaves_a_journal_that_says_little,
          a_job_that_stays_missing_ends_the_run, the_list_of_another_key_proves_nothing, a_damaged_journal_stops_the_run,
          a_job_of_other_hours_that_has_no_name_holds_nothing_up, a_result_that_comes_twice_hides_no_missing_one,
          an_answer_to_another_line_is_an_error_that_was_paid_for, equal_lines_that_moved_keep_an_answer_each,
          cancelling_says_how_to_go_on]

if __name__ == "__main__":
    sys.exit(run(CHECKS))
