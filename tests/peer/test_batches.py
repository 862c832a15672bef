#!/usr/bin/env python3
"""The batch APIs that beluga-peer plays, by plain HTTP: each API, and each of the faults. TAP.

    test_batches.py BELUGA_PEER
"""
import http.client
import json
import sys

from batch_peer import Peer, run, wait_until

PROGRAM = sys.argv[1]
QUICK = ("--batch-seconds", "0")


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


# ---- the APIs, each with the same verbs

class OpenAi:
    """Also Azure, Groq and Together, below their prefixes."""
    ended = ("completed", "failed", "expired", "cancelled")
    prefix, purpose, upload_path, endpoint = "", "batch", "/v1/files", "/v1/chat/completions"

    def __init__(self, peer, key="key"):
        self.peer, self.key = peer, key

    def ask(self, method, path, body=None, **headers):
        return self.peer.json(method, self.prefix + path, body, key=self.key, **headers)

    def line(self, number, text):
        return {"custom_id": f"r{number}", "method": "POST", "url": self.endpoint,
                "body": {"model": "m", "messages": [{"role": "system", "content": "be brief"},
                                                    {"role": "user", "content": text}]}}

    def upload(self, data):
        form = (f'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{self.purpose}\r\n'
                f'--b\r\nContent-Disposition: form-data; name="file_name"\r\n\r\nin.jsonl\r\n'
                f'--b\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n'
                f'Content-Type: application/octet-stream\r\n\r\n').encode() + data + b"\r\n--b--\r\n"
        return self.ask("POST", self.upload_path, form, Content_Type='multipart/form-data; boundary="b"')["id"]

    def upload_texts(self, texts):
        return self.upload("".join(json.dumps(self.line(i, text)) + "\n" for i, text in enumerate(texts)).encode())

    def create_of(self, file):
        return self.ask("POST", "/v1/batches", {"input_file_id": file, "endpoint": self.endpoint, "completion_window": "24h",
                                                "metadata": {"chunk": "chunk-7"}})

    def create(self, texts):
        return self.create_of(self.upload_texts(texts))["id"]

    def get(self, job):
        return self.ask("GET", f"/v1/batches/{job}")

    def cancel(self, job):
        return self.ask("POST", f"/v1/batches/{job}/cancel")

    def list(self):
        found, after = [], ""
        while True:
            page = self.ask("GET", f"/v1/batches?limit=2{after}")
            found += [job["id"] for job in page["data"]]
            if not page["has_more"]:
                return found
            after = f"&after={page['last_id']}"

    def state(self, job):
        return job["status"]

    def wait(self, job):
        return wait_until(lambda: next((got for got in [self.get(job)] if self.state(got) in self.ended), None))

    def content(self, file):
        return self.peer.ask("GET", f"{self.prefix}/v1/files/{file}/content", key=self.key)[2].decode()

    def files(self, job):
        return [file for file in (job["output_file_id"], job["error_file_id"]) if file]

    def results(self, job):
        """What became of each line: (text of the answer) or (status or code of the error), in the order of the file."""
        found = []
        for file in self.files(job):
            for line in lines_of(self.content(file)):
                found.append((line["custom_id"], self.outcome(line)))
        return found

    def outcome(self, line):
        if line["error"]:
            return line["error"]["code"]
        response = line["response"]
        if response["status_code"] != 200:
            return f"{response['status_code']} {response['body']['error']['code']}"
        return response["body"]["choices"][0]["message"]["content"]

    def make_and_wait(self, texts):
        return self.wait(self.create(texts))


class Groq(OpenAi):
    prefix = "/openai"


class DatedAzure(OpenAi):
    """Azure's API with a date has its paths below /openai, without /v1."""
    def ask(self, method, path, body=None, **headers):
        path = path.replace("/v1/", "/openai/") + ("&" if "?" in path else "?") + "api-version=2024-10-21"
        return self.peer.json(method, path, body, key=self.key, **headers)


class Responses(OpenAi):
    endpoint = "/v1/responses"

    def line(self, number, text):
        return {"custom_id": f"r{number}", "method": "POST", "url": self.endpoint,
                "body": {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}]}}

    def outcome(self, line):
        return line["response"]["body"]["output"][0]["content"][0]["text"]


class Together(OpenAi):
    prefix, purpose, upload_path = "/together", "batch-api", "/v1/files/upload"
    ended = ("COMPLETED", "FAILED", "EXPIRED", "CANCELLED")

    def create(self, texts):
        return self.create_of(self.upload_texts(texts))["job"]["id"]

    def list(self):
        return [job["id"] for job in self.ask("GET", "/v1/batches")]

    def files(self, job):
        return [job[name] for name in ("output_file_id", "error_file_id") if name in job]


class Anthropic(OpenAi):
    ended = ("ended",)

    def ask(self, method, path, body=None, **headers):
        return self.peer.json(method, path, body, key=None, x_api_key=self.key, **headers)

    def requests(self, texts):
        return {"requests": [{"custom_id": f"r{i}", "params": {"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": [{"type": "text", "text": text}]}]}} for i, text in enumerate(texts)]}

    def create(self, texts):
        return self.ask("POST", "/v1/messages/batches", self.requests(texts))["id"]

    def get(self, job):
        return self.ask("GET", f"/v1/messages/batches/{job}")

    def cancel(self, job):
        return self.ask("POST", f"/v1/messages/batches/{job}/cancel")

    def list(self):
        found, after = [], ""
        while True:
            page = self.ask("GET", f"/v1/messages/batches?limit=2{after}")
            found += [job["id"] for job in page["data"]]
            if not page["has_more"]:
                return found
            after = f"&after_id={page['last_id']}"

    def state(self, job):
        return job["processing_status"]

    def download(self, job):
        path = job["results_url"].removeprefix(self.peer.base)
        return self.peer.ask("GET", path, key=None, x_api_key=self.key)[2].decode()

    def results(self, job):
        return [(line["custom_id"], self.outcome(line["result"])) for line in lines_of(self.download(job))]

    def outcome(self, line):
        if line["type"] == "succeeded":
            return line["message"]["content"][0]["text"]
        return line["error"]["error"]["type"] if line["type"] == "errored" else line["type"]


class Gemini(OpenAi):
    ended = ("BATCH_STATE_SUCCEEDED", "BATCH_STATE_FAILED", "BATCH_STATE_CANCELLED", "BATCH_STATE_EXPIRED")

    def ask(self, method, path, body=None, **headers):
        return self.peer.json(method, path, body, key=None, x_goog_api_key=self.key, **headers)

    def line(self, number, text):
        return {"key": f"r{number}", "request": {"contents": [{"role": "user", "parts": [{"text": text}]}]}}

    def upload(self, data):
        status, headers, _ = self.peer.ask("POST", "/upload/v1beta/files", {"file": {"display_name": "in"}}, key=None,
                                           x_goog_api_key=self.key, X_Goog_Upload_Protocol="resumable",
                                           X_Goog_Upload_Command="start", X_Goog_Upload_Header_Content_Length=str(len(data)),
                                           X_Goog_Upload_Header_Content_Type="application/jsonl")
        assert status == 200
        path = headers["X-Goog-Upload-URL"].removeprefix(self.peer.base)
        half = len(data) // 2
        self.peer.ask("POST", path, data[:half], key=None, X_Goog_Upload_Command="upload", X_Goog_Upload_Offset="0")
        made = self.peer.json("POST", path, data[half:], key=None, X_Goog_Upload_Command="upload, finalize",
                              X_Goog_Upload_Offset=str(half))
        return made["file"]["name"]

    def create_with(self, config):
        return self.ask("POST", "/v1beta/models/gemini-x:batchGenerateContent",
                        {"batch": {"display_name": "chunk-7", "input_config": config}})["name"]

    def create(self, texts):
        return self.create_with({"file_name": self.upload_texts(texts)})

    def create_inline(self, texts):
        return self.create_with({"requests": {"requests": [
            {"request": self.line(i, text)["request"], "metadata": {"key": f"r{i}"}} for i, text in enumerate(texts)]}})

    def get(self, job):
        return self.ask("GET", f"/v1beta/{job}")

    def cancel(self, job):
        assert self.ask("POST", f"/v1beta/{job}:cancel", {}) == {}
        return self.get(job)

    def list(self):
        found, token = [], ""
        while True:
            page = self.ask("GET", f"/v1beta/batches?pageSize=2{token}")
            found += [job["name"] for job in page.get("operations", [])]
            if "nextPageToken" not in page:
                return found
            token = f"&pageToken={page['nextPageToken']}"

    def state(self, job):
        assert job.get("done", False) == (job["metadata"]["state"] in self.ended)
        return job["metadata"]["state"]

    def results(self, job):
        file = job["response"]["responsesFile"]
        text = self.peer.ask("GET", f"/download/v1beta/{file}:download?alt=media", key=None, x_goog_api_key=self.key)[2].decode()
        return [(line["key"], self.outcome(line)) for line in lines_of(text)]

    def outcome(self, line):
        if "error" in line:
            return {3: "INVALID_ARGUMENT", 8: "RESOURCE_EXHAUSTED", 13: "INTERNAL"}[line["error"]["code"]]
        return line["response"]["candidates"][0]["content"]["parts"][0]["text"]


class Mistral(OpenAi):
    ended = ("SUCCESS", "FAILED", "TIMEOUT_EXCEEDED", "CANCELLED")

    def line(self, number, text):
        return {"custom_id": f"r{number}", "body": {"messages": [{"role": "user", "content": text}]}}

    def create(self, texts):
        return self.ask("POST", "/v1/batch/jobs", {"input_files": [self.upload_texts(texts)], "model": "mistral-x",
                                                   "endpoint": "/v1/chat/completions", "metadata": {"chunk": "chunk-7"}})["id"]

    def create_inline(self, texts):
        return self.ask("POST", "/v1/batch/jobs", {"requests": [self.line(i, text) for i, text in enumerate(texts)],
                                                   "model": "mistral-x", "endpoint": "/v1/chat/completions"})["id"]

    def get(self, job):
        return self.ask("GET", f"/v1/batch/jobs/{job}")

    def cancel(self, job):
        return self.ask("POST", f"/v1/batch/jobs/{job}/cancel")

    def list(self):
        found, number = [], 0
        while True:
            page = self.ask("GET", f"/v1/batch/jobs?page={number}&page_size=2")
            found += [job["id"] for job in page["data"]]
            number += 1
            if not page["data"]:
                assert page["total"] == len(found)
                return found

    def files(self, job):
        return [file for file in (job["output_file"], job["error_file"]) if file]

    def outcome(self, line):
        response = line["response"]
        if response["status_code"] != 200:
            return f"{response['status_code']} {response['body']['code']}"
        return response["body"]["choices"][0]["message"]["content"]


ALL = (OpenAi, Groq, DatedAzure, Responses, Together, Anthropic, Gemini, Mistral)
# One of each way to write states, errors and results.
SHAPES = (OpenAi, Together, Anthropic, Gemini, Mistral)
BAD = {"400": {Anthropic: "invalid_request_error", Gemini: "INVALID_ARGUMENT"},
       "429": {Anthropic: "rate_limit_error", Gemini: "RESOURCE_EXHAUSTED"},
       "500": {Anthropic: "api_error", Gemini: "INTERNAL"},
       "quota": {Anthropic: "invalid_request_error", Gemini: "RESOURCE_EXHAUSTED"}}
BAD_OPENAI = {"400": "400 invalid_value", "429": "429 rate_limit_exceeded", "500": "500 server_error",
              "quota": "429 insufficient_quota"}


def bad(kind, api):
    """What a line that fails has in this API's results."""
    return BAD[kind].get(api, BAD_OPENAI[kind])


def texts(n, more=""):
    return [f'text {i} of "{n}" — é{more}' for i in range(n)]


def name_of(api, job):
    """Where the job's name is; Anthropic keeps none."""
    return {Gemini: lambda: job["metadata"]["displayName"]}.get(api, lambda: job["metadata"]["chunk"])()


# ---- what works

def each_result_belongs_to_its_line():
    for api in ALL:
        with Peer(PROGRAM, *QUICK) as peer:
            client, asked = api(peer), texts(50)
            found = client.results(client.make_and_wait(asked))
            assert dict(found) == {f"r{i}": f"echo: {text}" for i, text in enumerate(asked)}, (api, found[:3])
            assert [name for name, _ in found] != [f"r{i}" for i in range(50)], f"{api}: the order was kept"


def requests_in_the_body_are_answered_in_their_order():
    with Peer(PROGRAM, *QUICK) as peer:
        gemini, mistral, asked = Gemini(peer), Mistral(peer), texts(5)
        job = gemini.wait(gemini.create_inline(asked))
        items = job["response"]["inlinedResponses"]["inlinedResponses"]
        assert [gemini.outcome(item) for item in items] == [f"echo: {text}" for text in asked]
        assert [item["metadata"]["key"] for item in items] == [f"r{i}" for i in range(5)]
        outputs = mistral.wait(mistral.create_inline(asked))["outputs"]
        assert {mistral.outcome(line) for line in outputs} == {f"echo: {text}" for text in asked}


def jobs_go_through_their_states_and_counts_grow():
    words = {OpenAi: ["validating", "in_progress", "finalizing", "completed"], Together: ["VALIDATING", "IN_PROGRESS", "COMPLETED"],
             Anthropic: ["in_progress", "ended"], Mistral: ["QUEUED", "RUNNING", "SUCCESS"],
             Gemini: ["BATCH_STATE_PENDING", "BATCH_STATE_RUNNING", "BATCH_STATE_SUCCEEDED"]}
    count = {OpenAi: lambda job: job["request_counts"]["completed"], Together: lambda job: job["progress"],
             Anthropic: lambda job: job["request_counts"]["succeeded"], Mistral: lambda job: job["succeeded_requests"],
             Gemini: lambda job: int(job["metadata"]["batchStats"].get("successfulRequestCount", 0))}
    for api, expected in words.items():
        with Peer(PROGRAM, "--batch-polls", "20") as peer:
            client = api(peer)
            job = client.create(texts(40))
            seen = [client.get(job) for _ in range(20)]
            states = list(dict.fromkeys(client.state(got) for got in seen))
            counts = [count[api](got) for got in seen]
            assert states == expected, (api, states)
            assert counts == sorted(counts) and counts[0] == 0 and counts[-1] in (40, 100), (api, counts)
            assert api in (Anthropic,) or len(set(counts)) > 5, (api, counts)


def jobs_are_listed_in_pages_from_the_newest():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK) as peer:
            client = api(peer)
            made = [client.create(texts(1)) for _ in range(5)]
            assert client.list() == made[::-1], api
    with Peer(PROGRAM, *QUICK, "--page", "1") as peer:
        client = OpenAi(peer)
        made = [client.create(texts(1)) for _ in range(3)]
        assert len(client.ask("GET", "/v1/batches?limit=100")["data"]) == 1 and client.list() == made[::-1]
        client = Anthropic(peer)
        made = [client.create(texts(1)) for _ in range(3)]
        back = client.ask("GET", f"/v1/messages/batches?before_id={made[0]}&limit=1")
        assert [job["id"] for job in back["data"]] == [made[1]] and back["has_more"] and back["first_id"] == made[1]


def jobs_and_files_belong_to_the_key_that_made_them():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK) as peer:
            client, stranger = api(peer, "mine"), api(peer, "another")
            job = client.create(texts(2))
            assert client.list() == [job] and stranger.list() == [], api
            try:
                stranger.get(job)
                raise RuntimeError("a stranger saw the job")
            except AssertionError as refused:
                assert " 404 " in str(refused), refused
    with Peer(PROGRAM) as peer:
        assert peer.ask("GET", "/v1/batches", key=None)[0] == 401
        file = OpenAi(peer, "mine").upload_texts(texts(1))
        assert peer.ask("GET", f"/v1/files/{file}/content", key="another")[0] == 404


def a_cancelled_job_keeps_what_was_answered():
    cancelled = {OpenAi: "batch_cancelled", Together: "batch_cancelled", Anthropic: "canceled"}
    for api in SHAPES:
        with Peer(PROGRAM, "--batch-polls", "20") as peer:
            client = api(peer)
            job = client.create(texts(40))
            for _ in range(10):
                client.get(job)
            client.cancel(job)
            ended = client.wait(job)
            lines = peer.control()["lines"]
            assert 0 < lines["answered"] < 40 and lines["answered"] + lines["cancelled"] == 40, (api, lines)
            if api is Gemini:  # nothing can be fetched of it
                assert client.state(ended) == "BATCH_STATE_CANCELLED" and ended["error"]["code"] == 1 and "response" not in ended
                continue
            found = dict(client.results(ended))
            answers = [text for text in found.values() if text.startswith("echo: ")]
            assert len(answers) == lines["answered"], api
            if api in cancelled:
                assert set(found.values()) - set(answers) == {cancelled[api]} and len(found) == 40, api


def what_a_job_left_can_be_deleted():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK) as peer:
            client = api(peer)
            job = client.make_and_wait(texts(2))
            left = [file["id"] for file in peer.control()["files"]["now"]]
            kept = [file for file in left if api is Gemini and len(file) > 40]  # Google refuses to delete these
            for file in kept:
                status, _, text = peer.ask("DELETE", f"/v1beta/files/{file}", key=None, x_goog_api_key=client.key)
                assert status == 400 and b"more than 40 characters" in text, text
            assert len(kept) == (api is Gemini)
            for file in set(left) - set(kept):
                path = f"/v1beta/files/{file}" if api is Gemini else f"{client.prefix}/v1/files/{file}"
                client.ask("DELETE", path.removeprefix(client.prefix))
            path = {Anthropic: "/v1/messages/batches/%s", Mistral: "/v1/batch/jobs/%s", Gemini: "/v1beta/%s"}.get(api)
            if path:
                client.ask("DELETE", path % (job["name"] if api is Gemini else job["id"]))
                assert client.list() == []
            assert [file["id"] for file in peer.control()["files"]["now"]] == kept, api


def the_server_tells_what_was_made_and_paid():
    with Peer(PROGRAM, *QUICK) as peer:
        for api in SHAPES:
            client = api(peer)
            job = client.make_and_wait(["the same text", f"one of {api.__name__}", "fail-400"])
            assert api is Together or api is Anthropic or name_of(api, job) == "chunk-7"
        told = peer.control()
        assert told["jobs"]["created"] == 5 and set(told["jobs"]["by_shape"].values()) == {1}
        assert told["lines"] == {"created": 15, "answered": 10, "failed": 5, "expired": 0, "cancelled": 0}
        counted = {entry["text"]: entry["answered"] for entry in told["texts"]}
        assert counted["the same text"] == 5 and counted["one of Gemini"] == 1 and counted["fail-400"] == 0
        assert told["texts_answered_twice"] == 1 and told["files"]["uploads_now"] == 4
        assert [job["name"] for job in told["jobs"]["all"]] == ["chunk-7", "chunk-7", None, "chunk-7", "chunk-7"]
        assert told["jobs"]["all"][2]["first_id"] == "r0"


# ---- faults

def a_lost_answer_leaves_a_job():
    for fault, ends in (("lost-create", http.client.RemoteDisconnected), ("error-create", AssertionError)):
        for api in SHAPES:
            with Peer(PROGRAM, *QUICK, "--fault", fault + ":2") as peer:
                client = api(peer)
                client.create(texts(1, "a"))
                try:
                    client.create(texts(1, "b"))
                    raise RuntimeError(f"{fault}: the second job was answered")
                except ends as lost:
                    assert ends is not AssertionError or " 500 " in str(lost), lost
                assert len(client.list()) == 2, (fault, api)


def a_busy_server_makes_nothing():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK, "--fault", "busy-create") as peer:
            client = api(peer)
            try:
                client.create(texts(1))
                raise RuntimeError("a job was made")
            except AssertionError as refused:
                assert " 429 " in str(refused), refused
            assert client.list() == []
    with Peer(PROGRAM, "--fault", "busy-create") as peer:
        status, headers, _ = peer.ask("POST", "/v1/batches", {})
        assert status == 429 and headers["Retry-After"] == "1"
    with Peer(PROGRAM, "--fault", "busy-get:2") as peer:
        job = OpenAi(peer).create(texts(1))
        assert [peer.ask("GET", f"/v1/batches/{job}")[0] for _ in range(4)] == [200, 429, 200, 429]


def chance_is_the_same_for_the_same_seed():
    def lost(seed):
        with Peer(PROGRAM, "--seed", seed, "--fault", "lost-create:0.3") as peer:
            file, found = OpenAi(peer).upload_texts(texts(1)), []
            for _ in range(40):
                try:
                    OpenAi(peer).create_of(file)
                    found.append(False)
                except http.client.RemoteDisconnected:
                    found.append(True)
            return found
    first = lost("1")
    assert first == lost("1") != lost("2") and 3 < sum(first) < 25, first


def a_lost_upload_leaves_a_file():
    for api in (OpenAi, Gemini):
        with Peer(PROGRAM, "--fault", "lost-upload") as peer:
            try:
                api(peer).upload_texts(texts(1))
                raise RuntimeError("the upload was answered")
            except http.client.RemoteDisconnected:
                assert peer.control()["files"]["uploads_now"] == 1


def a_job_expires_half_way():
    word = {Anthropic: "expired"}
    states = {OpenAi: "expired", Together: "EXPIRED", Anthropic: "ended", Gemini: "BATCH_STATE_EXPIRED",
              Mistral: "TIMEOUT_EXCEEDED"}
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK, "--fault", "expire") as peer:
            client = api(peer)
            job = client.make_and_wait(texts(10))
            assert client.state(job) == states[api], api
            if api is Gemini:
                assert "response" not in job and peer.control()["lines"]["answered"] == 0
                continue
            found = [text for _, text in client.results(job)]
            assert sum(text.startswith("echo: ") for text in found) == 5, api
            assert api is Mistral or found.count(word.get(api, "batch_expired")) == 5, (api, found)
            assert api is not Mistral or len(found) == 5


def texts_decide_what_fails():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK) as peer:
            client = api(peer)
            asked = ["good"] + [f"{way}, fail-{kind}{once}" for kind in BAD for way, once in (("for good", ""), ("first", "-once"))]
            first = dict(client.results(client.make_and_wait(asked)))
            again = dict(client.results(client.make_and_wait(asked)))
            assert first["r0"] == again["r0"] == "echo: good"
            for i, kind in enumerate(BAD):
                assert first[f"r{2 * i + 1}"] == again[f"r{2 * i + 1}"] == first[f"r{2 * i + 2}"] == bad(kind, api), (api, kind)
                assert again[f"r{2 * i + 2}"] == f"echo: first, fail-{kind}-once", (api, kind)
            told = peer.control()
            paid = {entry["text"]: entry["answered"] for entry in told["texts"]}
            assert paid["good"] == 2 and paid["first, fail-quota-once"] == 1 and paid["for good, fail-500"] == 0


def a_text_expires_once():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK) as peer:
            client, asked = api(peer), ["good", "late, expire-once"]
            job = client.make_and_wait(asked)
            if api is Gemini:
                assert client.state(job) == "BATCH_STATE_EXPIRED"
            else:
                assert dict(client.results(job))["r0"] == "echo: good"
                assert dict(client.results(job)).get("r1") in ("batch_expired", "expired", None)
            again = client.make_and_wait(asked)
            assert dict(client.results(again))["r1"] == "echo: late, expire-once", api


def lines_fail_by_chance():
    for kind, word in BAD_OPENAI.items():
        with Peer(PROGRAM, *QUICK, "--fault", f"line-{kind}:0.5") as peer:
            client = OpenAi(peer)
            found = [text for _, text in client.results(client.make_and_wait(texts(100)))]
            assert 20 < found.count(word) < 80 and len(found) == 100, (kind, found.count(word))
    with Peer(PROGRAM, *QUICK, "--fault", "line-expired:0.5") as peer:
        client = OpenAi(peer)
        job = client.make_and_wait(texts(100))
        assert job["status"] == "expired" and 20 < job["request_counts"]["completed"] < 80


def all_lines_fail():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK, "--fault", "errors-only") as peer:
            client = api(peer)
            job = client.make_and_wait(texts(3))
            assert {text for _, text in client.results(job)} == {bad("400", api)}, api
            assert api is not OpenAi or job["output_file_id"] is None and job["status"] == "completed"


def a_job_fails_when_it_is_checked():
    states = {OpenAi: "failed", Together: "FAILED", Gemini: "BATCH_STATE_FAILED", Mistral: "FAILED"}
    for api, state in states.items():
        with Peer(PROGRAM, *QUICK, "--fault", "invalid") as peer:
            job = api(peer).make_and_wait(texts(2))
            told = json.dumps(job)
            assert api(peer).state(job) == state and "not parseable" in told, (api, told)
            assert peer.control()["lines"]["answered"] == 0
    with Peer(PROGRAM, "--fault", "invalid") as peer:
        client = Anthropic(peer)
        assert peer.ask("POST", "/v1/messages/batches", client.requests(texts(1)))[0] == 400 and client.list() == []


def a_full_queue_is_no_fault_of_the_file():
    for api in SHAPES:
        with Peer(PROGRAM, *QUICK, "--fault", "queue-full:2") as peer:
            client = api(peer)
            client.make_and_wait(texts(2))
            if api in (OpenAi, Together):
                assert "Enqueued token limit" in json.dumps(client.make_and_wait(texts(2)))
                assert api is Together or client.get(client.list()[0])["errors"]["data"][0]["code"] == "token_limit_exceeded"
                continue
            try:
                client.create(texts(2))
                raise RuntimeError("a job was made")
            except AssertionError as refused:
                assert " 429 " in str(refused) and len(client.list()) == 1, (api, refused)


def what_is_too_large_is_refused():
    with Peer(PROGRAM) as peer:
        large = "x" * 20971520
        try:
            Gemini(peer).create_inline([large])
            raise RuntimeError("a job was made")
        except AssertionError as refused:
            assert "20971520 bytes" in str(refused)


def together_uploads_in_three_steps():
    with Peer(PROGRAM, *QUICK) as peer:
        client = Together(peer)
        data = "".join(json.dumps(client.line(i, f"text {i}")) + "\n" for i in range(3)).encode()
        form = (b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch-api\r\n'
                b'--b\r\nContent-Disposition: form-data; name="file_name"\r\n\r\nin.jsonl\r\n--b--\r\n')
        status, headers, _ = peer.ask("POST", "/together/v1/files", form, Content_Type="multipart/form-data; boundary=b")
        file = headers["X-Together-File-Id"]
        assert status == 302 and peer.ask("GET", f"/together/v1/files/{file}")[0] == 404
        peer.json("PUT", headers["Location"].removeprefix(peer.base), data, key=None)
        made = peer.json("POST", f"/together/v1/files/{file}/preprocess")
        assert (made["id"], made["bytes"], made["FileType"], made["LineCount"]) == (file, len(data), "jsonl", 3)
        assert len(client.results(client.wait(client.create_of(file)["job"]["id"]))) == 3


def files_with_faults_fail_as_the_api_says():
    with Peer(PROGRAM, *QUICK) as peer:
        client = OpenAi(peer)
        good = json.dumps(client.line(1, "x"))
        model = json.dumps({**client.line(2, "x"), "body": {"model": "another", "messages": []}})
        other = json.dumps({**client.line(2, "x"), "url": "/v1/responses"})
        for data, code, line in (("", "empty_file", None), (f"{good}\nno JSON\n", "invalid_json_line", 2),
                                 (f"{good}\n{good}\n", "duplicate_custom_id", 2), (f"{good}\n{other}", "invalid_url", 2),
                                 (f"{good}\n{model}", "mismatched_model", 2),
                                 (good.replace('"m"', '"m", "stream": true'), "streaming_unsupported", 1),
                                 (f"{good}\n" + '{"custom_id": "r9"}', "missing_required_parameter", 2)):
            problem = client.wait(client.create_of(client.upload(data.encode()))["id"])["errors"]["data"][0]
            assert (problem["code"], problem["line"]) == (code, line), (code, problem)
        same = Anthropic(peer).requests(["a"])["requests"] * 2
        assert peer.ask("POST", "/v1/messages/batches", {"requests": same})[0] == 400
        for wrong in ("", "a" * 65, "with space"):
            same[0]["custom_id"] = wrong
            assert peer.ask("POST", "/v1/messages/batches", {"requests": same[:1]})[0] == 400, wrong
        assert peer.ask("POST", "/v1/messages/batches", b"no JSON")[0] == 400
        for missing, code in (("input_file_id", 400), ("endpoint", 400), ("completion_window", 400), (None, 200)):
            make = {"input_file_id": "file-no", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
            make.pop(missing, None)
            assert peer.ask("POST", "/v1/batches", make)[0] == code, missing
        job = client.wait(client.list()[0])
        assert job["status"] == "failed" and job["errors"]["data"][0]["code"] == "invalid_request" and not client.files(job)
        job = Together(peer).wait(Together(peer).create_of("file-no")["job"]["id"])
        assert job["status"] == "FAILED" and job["error"] and not Together(peer).files(job)
        assert json.loads(peer.ask("GET", "/together/v1/batches/no")[2])["error"] == "No batch found with id 'no'."


def downloads_are_cut():
    for fault, api in (("cut-results", OpenAi), ("cut-chunked", OpenAi), ("cut-results", Anthropic), ("cut-chunked", Gemini)):
        with Peer(PROGRAM, *QUICK, "--fault", fault + ":2") as peer:
            client = api(peer)
            job = client.make_and_wait(texts(20))
            assert len(client.results(job)) == 20
            try:
                client.results(job)
                raise RuntimeError(f"{fault}: the download was whole")
            except http.client.IncompleteRead as cut:
                assert cut.partial
            assert len(client.results(job)) == 20
    with Peer(PROGRAM, *QUICK, "--fault", "chunked") as peer:
        client = OpenAi(peer)
        job = client.make_and_wait(texts(2000))
        status, headers, text = peer.ask("GET", f"/v1/files/{job['output_file_id']}/content")
        assert headers["Transfer-Encoding"] == "chunked" and len(lines_of(text.decode())) == 2000 and status == 200


def a_list_shows_a_job_late():
    with Peer(PROGRAM, *QUICK, "--late-list-ms", "3600000") as peer:
        for api in SHAPES:
            assert api(peer).get(api(peer).create(texts(1))) and api(peer).list() == [], api
    with Peer(PROGRAM, *QUICK, "--late-list-ms", "50") as peer:
        for api in SHAPES:
            client = api(peer)
            job = client.create(texts(1))
            wait_until(lambda: client.list() == [job])  # pylint: disable=cell-var-from-loop


def an_absent_file_may_have_an_empty_id():
    with Peer(PROGRAM, *QUICK, "--fault", "empty-ids") as peer:
        client = OpenAi(peer)
        assert client.make_and_wait(texts(1))["error_file_id"] == ""


def a_file_may_not_be_ready():
    with Peer(PROGRAM, *QUICK, "--fault", "pending-file") as peer:
        client = OpenAi(peer)
        file = client.upload_texts(texts(1))
        make = {"input_file_id": file, "endpoint": client.endpoint, "completion_window": "24h"}
        assert peer.ask("POST", "/v1/batches", make)[0] == 400
        assert client.ask("GET", f"/v1/files/{file}")["status"] == "processed"
        assert peer.ask("POST", "/v1/batches", make)[0] == 200


# ---- size

def ten_thousand_lines_and_large_files_are_held():
    with Peer(PROGRAM, *QUICK) as peer:
        client = OpenAi(peer)
        job = client.make_and_wait(texts(10000))
        assert job["request_counts"] == {"total": 10000, "completed": 10000, "failed": 0}
        assert len(client.results(job)) == 10000
        large = "x" * 100000
        job = client.make_and_wait([f"{i} {large}" for i in range(300)])
        assert all(len(text) > 100000 for _, text in client.results(job))
    with Peer(PROGRAM, "--max-body", "1000") as peer:
        assert peer.ask("POST", "/v1/messages/batches", b"x" * 1001)[0] == 413
        assert peer.ask("POST", "/v1/messages/batches", b"x" * 1000)[0] == 400


CHECKS = [each_result_belongs_to_its_line, requests_in_the_body_are_answered_in_their_order,
          jobs_go_through_their_states_and_counts_grow, jobs_are_listed_in_pages_from_the_newest,
          jobs_and_files_belong_to_the_key_that_made_them, a_cancelled_job_keeps_what_was_answered,
          what_a_job_left_can_be_deleted, the_server_tells_what_was_made_and_paid, a_lost_answer_leaves_a_job,
          a_busy_server_makes_nothing, chance_is_the_same_for_the_same_seed, a_lost_upload_leaves_a_file,
          a_job_expires_half_way, texts_decide_what_fails, a_text_expires_once, lines_fail_by_chance, all_lines_fail,
          a_job_fails_when_it_is_checked, a_full_queue_is_no_fault_of_the_file, what_is_too_large_is_refused,
          together_uploads_in_three_steps, files_with_faults_fail_as_the_api_says, downloads_are_cut, a_list_shows_a_job_late,
          an_absent_file_may_have_an_empty_id, a_file_may_not_be_ready, ten_thousand_lines_and_large_files_are_held]

if __name__ == "__main__":
    sys.exit(run(CHECKS))
