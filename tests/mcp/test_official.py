#!/usr/bin/env python3
"""Servers of the official SDKs (scripts/mcp-servers), over stdio and HTTP, whose tools a model calls by the command.

    test_official.py BELUGA

Prints TAP. Each test is a function whose name is the sentence it tests.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from ports import free_port  # noqa: E402

SCRIPT = os.path.join(HERE, "..", "..", "scripts", "mcp-servers")
FOLDER = subprocess.run([SCRIPT, "--path"], capture_output=True, text=True, check=True).stdout.strip()
EVERYTHING = os.path.join(FOLDER, "node_modules/@modelcontextprotocol/server-everything/dist/index.js")
ADDER = os.path.join(HERE, "official", "adder.py")
PYTHON_PATH = os.path.join(FOLDER, "python")
TIMEOUT_SECONDS = 300


class Skip(Exception):
    pass


class Service:
    """A server that listens on a port of its own until the end of a `with` block."""

    def __init__(self, command, **environment):
        self.command, self.environment = command, environment

    def begin(self):
        self.port = free_port()
        words = [word.replace("PORT", str(self.port)) for word in self.command]
        environment = {**os.environ, "PORT": str(self.port), **self.environment}
        self.process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(TIMEOUT_SECONDS * 10):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                if self.process.poll() is not None:
                    return False
                time.sleep(0.1)
        return False

    def __enter__(self):
        for _ in range(5):  # another program may take the port
            if self.begin():
                return f"http://127.0.0.1:{self.port}/mcp"
            self.process.kill()
            self.process.wait()
        raise AssertionError(f"{self.command} does not listen")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def beluga(entry, *arguments):
    """Run the command with one server in its configuration. JSON is YAML."""
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "beluga.yaml")
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            json.dump({"mcp_servers": {"srv": {"allow": "always", "connect_timeout": "60s", **entry}}}, file)
        environment = {"PATH": os.environ["PATH"], "HOME": home}
        environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
        return subprocess.run([sys.argv[1], "--config", path, *arguments], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


def call(entry, tool, arguments):
    """What the model is told when it calls a tool: the run of --json."""
    calls = json.dumps([{"id": "1", "name": f"srv__{tool}", "arguments": arguments}])
    done = beluga(entry, "-m", "mock/any", "-T", f"srv.{tool}", "-o", f"mock.tool_calls={calls}", "--json", "go")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["tool_runs"][0]


def expect_everything(entry):
    listed = beluga(entry, "tools", "srv", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "srv__get-sum" in [tool["name"] for tool in json.loads(listed.stdout)]
    assert call(entry, "echo", {"message": "hi"})["result"] == "Echo: hi"
    assert "[image image/png, " in call(entry, "get-tiny-image", {})["result"]
    assert json.loads(call(entry, "get-structured-content", {"location": "New York"})["result"])["humidity"]
    slow = call(entry, "trigger-long-running-operation", {"duration": 1, "steps": 2})
    assert "completed" in slow["result"], slow


def expect_adder(entry):
    assert call(entry, "add", {"a": 19, "b": 23})["result"] == "42"
    failed = call(entry, "fail", {})
    assert failed["error"] == "tool_execution_error" and "fail" in failed["result"], failed


def the_sdk_for_javascript_is_understood_over_stdio():
    expect_everything({"command": "node", "args": [EVERYTHING, "stdio"]})


def the_sdk_for_javascript_is_understood_over_http():
    with Service(["node", EVERYTHING, "streamableHttp"]) as url:
        expect_everything({"url": url})


def the_sdk_for_python_is_understood_over_stdio():
    expect_adder({"command": sys.executable, "args": [ADDER, "stdio"], "env": {"PYTHONPATH": PYTHON_PATH}})


def the_sdk_for_python_is_understood_over_http():
    with Service([sys.executable, ADDER, "PORT"], PYTHONPATH=PYTHON_PATH) as url:
        expect_adder({"url": url})


TESTS = [the_sdk_for_javascript_is_understood_over_stdio, the_sdk_for_javascript_is_understood_over_http,
         the_sdk_for_python_is_understood_over_stdio, the_sdk_for_python_is_understood_over_http]


def main():
    missing = subprocess.run([SCRIPT, "--installed"], capture_output=True, text=True, check=False)
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        try:
            if missing.returncode:
                raise Skip(missing.stderr.strip())
            test()
            print(f"ok {number} - {test.__name__}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {test.__name__} # SKIP {reason}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {test.__name__}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
