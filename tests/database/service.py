"""A server of OpenAI's protocol on the loopback, which does what its prompt says, and tells what it saw.

    hang        say nothing until the client is gone
    half        say "half", and nothing more until the client is gone; streamed and not
    flood       say words without an end, until the client is gone; streamed and not
    cut         say "half", and close the connection in the middle
    steps       say "one", and "two" when `step` was set; streamed
    nul         say a text with a NUL byte
    euro        say a text that Latin-1 lacks
    umlaut      say a text that Latin-1 has
    away        redirect to another address
    refuse      HTTP 400
    long        say a million letters
    wait        say what was asked, when `together` of such requests are there at once
    else        say what was asked

The shape of requests and answers is that of https://platform.openai.com/docs/api-reference/chat, as the fixtures of
tests/fixtures/openai have it.
"""
import json
import socket
import struct
import threading
import time


class Service:
    def __init__(self, together=1):
        self.asked = threading.Semaphore(0)   # a request with "hang" or "half" has come
        self.closed = threading.Semaphore(0)  # and its client is gone
        self.step = threading.Event()
        self.together = threading.Barrier(together, timeout=60)
        self.requests = []                    # bodies
        self.heads = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a head and its body are two writes
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            try:
                while self._one(connection, stream):
                    pass
            except (OSError, ValueError):
                pass

    def _one(self, connection, stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return False
            head += line
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                       if line.lower().startswith(b"content-length:")), 0)
        body = json.loads(stream.read(length) or b"{}")
        with self.lock:
            self.requests.append(body)
            self.heads.append(head)
        prompt = body["messages"][-1]["content"] if "messages" in body else "".join(body.get("input", ""))
        if isinstance(prompt, list):
            prompt = "".join(part.get("text", "") for part in prompt)
        return Reply(self, connection, stream, body).give(prompt)

    def wait_closed(self):
        assert self.closed.acquire(timeout=60), "the client did not close its connection"

    def wait_asked(self):
        assert self.asked.acquire(timeout=60), "the client did not ask"

    def close(self):
        self.listener.close()


class Reply:
    def __init__(self, service, connection, stream, body):
        self.service, self.connection, self.stream, self.body = service, connection, stream, body
        self.streamed = body.get("stream", False)

    def give(self, prompt):
        special = {"hang": self.hang, "half": self.half, "cut": self.cut, "flood": self.flood, "steps": self.steps, "away": self.away,
                   "refuse": self.refuse}
        if prompt in special:
            return special[prompt]()
        if prompt.startswith("wait"):
            self.service.together.wait()
        texts = {"nul": "a\0b", "euro": "5 € und ☃", "umlaut": "häßlich", "long": "x" * 1_000_000}
        return self.say([texts.get(prompt, prompt)])

    def send(self, data):
        self.connection.sendall(data)

    def chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def head(self, kind, more=b""):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n" % (kind, more))

    def event(self, value):
        self.chunk(b"data: " + json.dumps(value).encode() + b"\n\n")

    def piece(self, text):
        self.event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small",
                    "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})

    def finish(self):
        self.event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small",
                    "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small", "choices": [],
                    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
        self.chunk(b"data: [DONE]\n\n")
        self.send(b"0\r\n\r\n")

    def whole(self, text):
        return json.dumps({
            "id": "c1", "object": "chat.completion", "created": 1, "model": "small",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}).encode()

    def say(self, pieces):
        if not self.streamed:
            body = self.whole("".join(pieces))
            self.head(b"application/json", b"Content-Length: %d\r\n" % len(body))
            self.send(body)
            return True
        self.head(b"text/event-stream", b"Transfer-Encoding: chunked\r\n")
        for text in pieces:
            self.piece(text)
        self.finish()
        return True

    def until_closed(self):
        self.service.asked.release()
        while self.stream.read(1):
            pass
        self.service.closed.release()
        return False

    def hang(self):
        return self.until_closed()

    def begin(self):
        if self.streamed:
            self.head(b"text/event-stream", b"Transfer-Encoding: chunked\r\n")
            self.piece("half")
        else:
            self.head(b"application/json", b"Content-Length: 100000000\r\n")
            self.send(b'{"id": "c1", ')

    def half(self):
        self.begin()
        return self.until_closed()

    def flood(self):
        self.begin()
        self.service.asked.release()
        try:
            while True:
                self.piece("word ") if self.streamed else self.send(b" " * 8)
                time.sleep(0.0005)
        except OSError:
            self.service.closed.release()
        return False

    def cut(self):
        self.begin()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def steps(self):
        self.head(b"text/event-stream", b"Transfer-Encoding: chunked\r\n")
        self.piece("one")
        assert self.service.step.wait(60)
        self.piece("two")
        self.finish()
        return True

    def away(self):
        self.send(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/v1/elsewhere\r\nContent-Length: 0\r\n\r\n"
                  % self.service.port)
        return True

    def refuse(self):
        body = b'{"error": {"message": "no", "type": "invalid_request_error", "param": null, "code": null}}'
        self.send(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                  % (len(body), body))
        return True


KEY = "sk-not-for-any-log"


def write_config(folder, service):
    """The configuration and the prices that the tests use; return their paths."""
    config, prices = f"{folder}/config.yaml", f"{folder}/prices.yaml"
    with open(config, "w") as file:
        file.write(f"""model: small
providers:
  here:
    base: openai
    base_url: {service.url}
    api_key: {KEY}
    max_retries: 0
models:
  small: {{model: here/small}}
  brief: {{model: here/small, system: Be brief.}}
  slow_key: {{model: openai/any, base_url: "{service.url}", api_key: "command:sleep 60; echo key"}}
  gone: {{model: openai/any, base_url: "http://127.0.0.1:9/v1", api_key: none, max_retries: 0}}
""")
    with open(prices, "w") as file:
        file.write('date: 2026-01-01\nprices:\n  here/small: {input: 100000, output: 1000000}\n'
                   '  "mock/*": {input: 0, output: 0}\n')
    return config, prices


class Tap:
    """Count cases; print a line for each."""

    def __init__(self):
        self.count = self.failed = 0

    def report(self, good, name, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good and detail != "":
            for line in str(detail).splitlines():
                print(f"# {line}", flush=True)

    def run(self, cases):
        import traceback
        for case in cases:
            try:
                case()
                self.report(True, case.__doc__)
            except Exception:  # a case that fails ends no others
                self.report(False, case.__doc__, traceback.format_exc())
        print(f"1..{self.count}")
        return 1 if self.failed else 0
