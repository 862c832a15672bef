"""A `beluga serve` on 127.0.0.1, and the provider behind it, which does what the prompt says."""
import hashlib
import http.server
import json
import os
import re
import select
import subprocess
import tempfile
import threading

WAIT_S = 60
KEY = "bk-of-the-test"


def hash_of(key):
    return hashlib.sha256(key.encode()).hexdigest()


KEY_SHA256 = hash_of(KEY)


class Provider(http.server.BaseHTTPRequestHandler):
    """Chat Completions. The prompt: "wait" sends a piece and the rest when it is told to; "cut" ends after a piece."""
    protocol_version = "HTTP/1.1"

    def event(self, delta, finish=None):
        data = json.dumps({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                           "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode()
        self.piece(b"data: " + data + b"\n\n")

    def piece(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def wait(self):
        """Until the test says go on, or the gateway closes the connection."""
        poll = select.poll()
        poll.register(self.connection, select.POLLRDHUP | select.POLLIN)
        while not self.server.go_on.is_set():
            if poll.poll(20):
                self.server.closed.set()
                raise ConnectionError
        return True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][-1]["content"]
        with self.server.lock:
            self.server.asked.append(body)
        if not body.get("stream"):
            answer = json.dumps({"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
                {"index": 0, "message": {"role": "assistant", "content": f"{len(prompt)} bytes"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.event({"role": "assistant", "content": "Hello "})
        if prompt == "cut":
            self.close_connection = True
            return
        if prompt == "wait":
            self.wait()
        self.event({"content": "world."})
        self.event({}, "stop")
        self.piece(b"data: [DONE]\n\n")
        self.piece(b"")

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass

    def log_message(self, *_):
        pass


def start_provider():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.daemon_threads = True
    server.lock, server.asked, server.go_on, server.closed = threading.Lock(), [], threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Gateway:
    """The command, with a configuration; `serve` is more of its section serve."""

    def __init__(self, beluga, serve="", models=None):
        self.provider, self.home = start_provider(), tempfile.TemporaryDirectory(prefix="beluga-gateway-")
        self.path = os.path.join(self.home.name, "config.yaml")
        base = f"http://127.0.0.1:{self.provider.server_port}/v1"
        self.write((models or "models:\n  m: {model: openai/m, base_url: BASE, max_retries: 0}\n").replace("BASE", base) + "serve:\n" + serve)
        self.process = subprocess.Popen(
            [beluga, "serve", "--config", self.path, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True,
            env={"HOME": self.home.name, "PATH": os.environ["PATH"], "LD_LIBRARY_PATH": os.path.join(os.path.dirname(beluga), "src")})
        self.port, said = None, ""
        for line in self.process.stderr:
            said += line
            found = re.search(r"listening at http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        if not self.port:
            raise RuntimeError(f"the server does not listen: {said}")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def close(self):
        self.provider.go_on.set()
        self.process.terminate()
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.provider.shutdown()
        self.provider.server_close()
        self.home.cleanup()
