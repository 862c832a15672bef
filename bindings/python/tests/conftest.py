"""Shared by all tests: servers on loopback, and reports in TAP if scripts/python-tests asks for it."""
import http.server
import os
import re
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "support"))
import ports  # noqa: E402


class Tap:
    """Prints a line for each case, as the other suites do."""

    def __init__(self):
        self.number = 0

    def pytest_collection_finish(self, session):
        print(f"1..{len(session.items)}", flush=True)

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and not (report.when == "setup" and not report.passed):
            return
        self.number += 1
        name = re.sub(r"[#\n]", " ", report.nodeid)
        if report.skipped:
            reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
            print(f"ok {self.number} - {name} # SKIP {reason}", flush=True)
            return
        if report.failed:
            print("\n".join("# " + line for line in report.longreprtext.splitlines()[-40:]))
        print(f"{'not ' if report.failed else ''}ok {self.number} - {name}", flush=True)


def pytest_configure(config):
    if os.environ.get("BELUGA_TAP"):
        config.pluginmanager.register(Tap())


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    """Remove this machine's keys and proxies from the environment of each test."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_BASE_URL")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def peer():
    """Start beluga-peer, a server with OpenAI's API that can play faults. Returns its base URL."""
    program = os.environ.get("BELUGA_PEER")
    if not program:
        pytest.skip("BELUGA_PEER names no beluga-peer")
    process = subprocess.Popen([program, "--mode", "chat", "--time-divisor", "20"], stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    port = re.search(r"(\d+)\s*$", line).group(1)
    yield f"http://127.0.0.1:{port}/v1"
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="session")
def llama():
    """Start a llama.cpp server with a tiny model, if `make check` has fetched it."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "scripts", "llama-server")
    if subprocess.run([script, "--installed"], capture_output=True).returncode:
        pytest.skip("llama.cpp's server is not in .deps/")
    port = ports.free_port()
    process = subprocess.Popen([script, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield f"http://127.0.0.1:{port}/v1"
    process.terminate()
    process.wait()


class Server:
    """A server whose answers a test writes: `answer(path, body)` gives status, headers and the pieces of a body."""

    def __init__(self, answer):
        outer = self
        self.requests = []
        self.gone = threading.Event()  # set when a client closes before its answer is complete

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.path, dict(self.headers), body))
                status, headers, pieces = answer(self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    for piece in pieces:
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    outer.gone.set()

            do_GET = do_POST

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def serve():
    """serve(answer) starts a server that ends with the test."""
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def sse(*lines):
    return [b"data: " + line + b"\n\n" for line in lines]
