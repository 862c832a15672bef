#!/usr/bin/env python3
"""The server of server.py as a service on 127.0.0.1.

    service.py WAY

It prints its port, and then a line for each request that it gets. WAY says how it answers.
"""
import base64
import http.server
import json
import os
import sys
import threading
import time

import server

WAY = sys.argv[1]
KEY = "Bearer open-sesame-42"
here = threading.local()
sessions = set()
lists_hang = set()  # not empty: the next list is not answered


def tell(*words):
    """Print a line at once: several requests are answered at the same time."""
    os.write(1, (" ".join(str(word) for word in words) + "\n").encode())


def decoded(value):
    """A header's text, which is base64 where it has letters that no header can have."""
    if value.startswith("=?base64?") and value.endswith("?="):
        return base64.b64decode(value[9:-2]).decode()
    return value


class Service(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hangs up is what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    # --- answers ---------------------------------------------------------------------------------

    def reply(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin_stream(self, **headers):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def write(self, data):
        """What server.py writes: lines that are messages."""
        if not self.streams:
            self.messages.append(data)
            return
        for line in data.splitlines():
            self.chunk(b": still here\n\nevent: message\ndata: " + line + b"\n\n")

    def wait_for_end(self):
        """The client hangs up, or the test ends."""
        self.rfile.read(1)

    # --- what a way refuses ----------------------------------------------------------------------

    def is_refused(self, message):
        key = self.headers.get("Authorization")
        session = self.headers.get("Mcp-Session-Id")
        if WAY == "key" and key != KEY:
            body = {"error": f"who is {key}?"}
            self.reply(403 if key else 401, json.dumps(body).encode())
        elif WAY == "elsewhere":
            self.reply(307, Location=f"http://localhost:{self.server.server_port}/there")
        elif WAY == "dead":
            self.reply(500, b"<html>sorry</html>", kind="text/html")
        elif WAY == "page":
            self.reply(200, b"<html>hello</html>", kind="text/html")
        elif WAY == "cut" and message.get("method") == "tools/call":
            self.begin_stream()
            self.chunk(b"")
        elif WAY == "slow" and message.get("method") == "tools/call":
            self.begin_stream()
            try:
                while True:
                    self.chunk(b":")
                    time.sleep(0.05)
            except OSError:
                pass
        elif WAY == "session" and message.get("method") not in ("initialize", "server/discover") \
                and session not in sessions:
            self.reply(404)
        elif WAY == "session" and message.get("method") == "tools/list" and lists_hang:
            lists_hang.clear()
            sessions.clear()
            self.begin_stream()
            tell("HANGS")
            self.wait_for_end()
        else:
            return False
        return True

    def check_new(self, message):
        """What each request of the newer revision has to say in its headers."""
        wanted = {"MCP-Protocol-Version": server.NEW, "Mcp-Method": message["method"]}
        if message["method"] == "tools/call":
            wanted["Mcp-Name"] = message["params"]["name"]
        wrong = [name for name, value in wanted.items() if decoded(self.headers.get(name, "")) != value]
        if wrong:
            server.refuse(message, -32020, f"wrong: {wrong}")
        return not wrong

    # --- requests --------------------------------------------------------------------------------

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        here.handler = self
        self.messages = []
        self.streams = False
        method = message.get("method", "answer")
        tell("POST", self.path, method, self.headers.get("Mcp-Session-Id", "-"))
        if self.is_refused(message):
            return
        if "id" not in message or "method" not in message:
            server.take(message)
            self.reply(202)
            return
        headers = {}
        if method == "initialize" and WAY == "session":
            name = f"session{len(sessions) + 1}"
            sessions.add(name)
            headers = {"Mcp_Session_Id": name}
        self.streams = WAY in ("stream", "session")
        if self.streams:
            self.begin_stream(**headers)
        try:
            self.answer(message)
        except OSError:
            self.close_connection = True
            tell("HUNG UP", method)

    def answer(self, message):
        name = message.get("params", {}).get("name")
        if name == "forget":
            sessions.clear()
        elif name in ("change", "change_and_forget"):
            if name == "change":
                lists_hang.add("next")
            else:
                sessions.clear()
            server.notify("notifications/tools/list_changed")
            server.say(message, "changed")
        elif name == "where":
            server.say(message, self.headers.get("Mcp-Session-Id", "-"))
        elif WAY != "new" or self.check_new(message):
            server.take(message)
        if name == "hang":
            self.wait_for_end()
            raise OSError
        if self.streams:
            self.chunk(b"")
            return
        body = b"".join(self.messages)
        failed = b'"error"' in body and WAY == "new"
        self.reply(400 if failed or not body else 200, body)

    def do_DELETE(self):
        tell("DELETE", self.path, self.headers.get("Mcp-Session-Id", "-"))
        self.reply(204)

    def do_GET(self):
        self.reply(405)


def main():
    server.WAY = {"new": "new"}.get(WAY, "old")
    server.write = lambda data: here.handler.write(data)
    server.tools += [{"name": name, "inputSchema": server.OBJECT} for name in (
        "change", "change_and_forget", "forget", "where", "tööl")]
    server.CALLS["tööl"] = lambda request: server.say(request, "found")
    service = Service(("127.0.0.1", 0), Handler)
    tell(service.server_port)
    service.serve_forever()


if __name__ == "__main__":
    main()
