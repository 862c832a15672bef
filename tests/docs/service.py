"""The services of all providers, on 127.0.0.1: each answers what its fixtures for `beluga check` say.

The first part of a path is the provider whose fixtures answer; else it is OpenAI's. A collector of traces takes all.
"""
import http.server
import json
import os
import struct
import sys
import threading
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fixtures  # noqa: E402


def frame(lines, payload):
    """A frame of an AWS event stream, of the text that stands for it in a fixture."""
    headers = b""
    for line in lines:
        name, value = line.split(":", 2)[1:]
        name, value = (":" + name).encode(), value.strip().encode()
        headers += bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def frames(text):
    out, lines = b"", []
    for line in text.decode().splitlines():
        if line.startswith(":"):
            lines.append(line)
        elif line:
            out, lines = out + frame(lines, line.encode()), []
    return out


class Fixtures:
    def __init__(self, root):
        self.root = os.path.join(root, "tests", "fixtures")

    def base(self, provider):
        with open(os.path.join(self.root, provider, "check", "check.json"), encoding="utf-8") as file:
            return json.load(file).get("base")

    def answer(self, provider, scenario):
        """The bytes of the provider's own answer, or those of the nearest base that has one."""
        while provider:
            name = os.path.join(provider, "check", scenario)
            if os.path.exists(os.path.join(self.root, name + fixtures.ENDING)):
                answer = fixtures.read(self.root, name)[scenario].get("answer")
                if answer is not None:
                    return answer
            provider = self.base(provider)
        return b"HTTP/1.1 404 Not Found\n\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def scenario(self, body):
        if self.command == "GET":
            return "models"
        if b'"json_schema"' in body:
            return "schema"
        streamed = b'"stream":true' in body or "stream" in self.path.rsplit("/", 1)[-1].lower()
        return "stream" if streamed else "text"

    def reply(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path in ("/v1/traces", "/v1/metrics"):
            return self.send(200, ["Content-Type: application/x-protobuf"], b"")
        provider = self.path.split("/")[1]
        if not os.path.isdir(os.path.join(self.server.fixtures.root, provider, "check")):
            provider = "openai"
        head, _, answer = self.server.fixtures.answer(provider, self.scenario(body)).partition(b"\n\n")
        status, *headers = head.decode().splitlines()
        if b"vnd.amazon.eventstream" in head:
            answer = frames(answer)
        return self.send(int(status.split()[1]), headers, answer)

    def send(self, status, headers, answer):
        self.send_response(status)
        for header in headers:
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = reply

    def log_message(self, *_):
        pass


def start(root):
    """Return a server that serves until shutdown(), on a thread of its own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.fixtures = Fixtures(root)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
