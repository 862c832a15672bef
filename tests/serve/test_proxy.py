#!/usr/bin/env python3
"""`beluga serve` behind a proxy that does TLS: nginx and Caddy, with the files of examples/gateway. TAP.

    test_proxy.py BELUGA
"""
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import gateway

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ports import free_port  # noqa: E402

NAME = "llm.example.com"
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "gateway")
SERVE = f'  keys: [{{name: tester, sha256: "{gateway.KEY_SHA256}", page: true}}]\n'
BIG = 20 << 20


def read(name):
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
        return file.read()


def replace(text, *pairs):
    for old, new in pairs:
        if old not in text:
            raise RuntimeError(f"the example has no {old!r}")
        text = text.replace(old, new)
    return text


class Proxy:
    """A proxy in a folder of its own, which ends with the test."""

    def __init__(self, upstream):
        self.folder = tempfile.TemporaryDirectory(prefix="beluga-proxy-")
        self.port, self.upstream = free_port(), upstream
        self.certificate, self.key = self.path("cert.pem"), self.path("key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-addext",
                        f"subjectAltName=DNS:{NAME}", "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        self.process = subprocess.Popen(self.command(), cwd=self.folder.name, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], "HOME": self.folder.name})
        self.wait()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def connect(self):
        context = ssl.create_default_context(cafile=self.certificate)
        connection = http.client.HTTPConnection(NAME, timeout=gateway.WAIT_S)
        connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), gateway.WAIT_S), server_hostname=NAME)
        return connection

    def wait(self):
        end = time.monotonic() + gateway.WAIT_S
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("it ended: " + self.process.stderr.read().decode())
            try:
                return self.connect().close()
            except (ConnectionError, ssl.SSLError) as error:
                if time.monotonic() > end:
                    raise RuntimeError(f"it does not listen: {error}") from None
                time.sleep(0.05)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(gateway.WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()


class Nginx(Proxy):
    name = "nginx"

    def command(self):
        server = replace(read("nginx.conf"), ("listen 443", f"listen 127.0.0.1:{self.port}"), ("127.0.0.1:4000", self.upstream),
                         (f"/etc/ssl/{NAME}.pem", self.certificate), (f"/etc/ssl/private/{NAME}.key", self.key))
        folders = "".join(f"{kind}_temp_path {self.folder.name}/{kind};\n" for kind in
                          ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        main = self.write("nginx.conf", f"{user}daemon off;\nworker_processes 1;\npid {self.folder.name}/pid;\nerror_log stderr crit;\n"
                          f"events {{}}\nhttp {{\naccess_log off;\n{folders}{server}}}\n")
        return ["nginx", "-e", "stderr", "-p", self.folder.name, "-c", main]


class Caddy(Proxy):
    name = "caddy"

    def command(self):
        site = replace(read("Caddyfile"), (NAME + " {", f"https://{NAME}:{self.port} {{\n\tbind 127.0.0.1\n\ttls {self.certificate} {self.key}"),
                       ("127.0.0.1:4000", self.upstream))
        path = self.write("Caddyfile", "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + site)
        return ["caddy", "run", "--config", path, "--adapter", "caddyfile"]


def post(proxy, prompt, stream=True, key=gateway.KEY):
    connection = proxy.connect()
    connection.request("POST", "/v1/chat/completions", json.dumps(
        {"model": "m", "stream": stream, "messages": [{"role": "user", "content": prompt}]}),
        {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
    return connection, connection.getresponse()


def read_until(response, word):
    got = b""
    while word not in got:
        data = response.read1(65536)
        if not data:
            raise AssertionError(f"it ended after {got!r}")
        got += data
    return got


def a_stream_arrives_piece_by_piece(proxy, gate):
    connection, response = post(proxy, "wait")
    assert response.status == 200, response.read()
    read_until(response, b"Hello ")  # the provider has not sent more
    gate.provider.go_on.set()
    assert b"[DONE]" in read_until(response, b"[DONE]")
    connection.close()


def a_client_that_goes_ends_the_call_at_the_provider(proxy, gate):
    connection, response = post(proxy, "wait")
    read_until(response, b"Hello ")
    response.close()
    connection.close()
    assert gate.provider.closed.wait(gateway.WAIT_S), "the provider's connection stays open"


def a_cut_answer_does_not_look_whole(proxy, _):
    connection, response = post(proxy, "cut")
    try:
        text = response.read()
    except http.client.IncompleteRead as error:
        text = error.partial
    assert b'"error"' in text and b"[DONE]" not in text and b'"stop"' not in text, text
    connection.close()


def a_large_body_passes(proxy, _):
    connection, response = post(proxy, "x" * BIG, stream=False)
    answer = json.loads(response.read())
    assert answer["choices"][0]["message"]["content"] == f"{BIG} bytes", answer
    connection.close()


def a_wrong_key_is_refused(proxy, gate):
    connection, response = post(proxy, "Hello", key="bk-wrong")
    assert response.status == 401 and b'"error"' in response.read()
    assert not gate.provider.asked
    connection.close()


def the_page_is_there(proxy, _):
    connection = proxy.connect()
    connection.request("GET", "/", headers={"Accept": "text/html"})
    response = connection.getresponse()
    assert b"Beluga" in response.read() and "default-src 'none'" in response.headers["content-security-policy"]
    connection.request("GET", "/status", headers={"Authorization": "Bearer " + gateway.KEY, "Origin": "https://" + NAME})
    assert json.loads(connection.getresponse().read())["models"][0]["name"] == "m"
    connection.close()


CASES = (a_stream_arrives_piece_by_piece, a_client_that_goes_ends_the_call_at_the_provider, a_cut_answer_does_not_look_whole,
         a_large_body_passes, a_wrong_key_is_refused, the_page_is_there)


def run(kind, case, beluga):
    gate = gateway.Gateway(beluga, SERVE)
    try:
        proxy = kind(f"127.0.0.1:{gate.port}")
        try:
            case(proxy, gate)
        finally:
            proxy.close()
    finally:
        gate.close()


def main(beluga):
    number, failed = 0, False
    for kind in (Nginx, Caddy):
        missing = [name for name in (kind.name, "openssl") if not shutil.which(name)]
        for case in CASES:
            number, why = number + 1, ""
            title = f"{kind.name}: {case.__name__}"
            if missing:
                print(f"ok {number} - {title} # SKIP needs {' and '.join(missing)}")
                continue
            try:
                run(kind, case, beluga)
            except (AssertionError, RuntimeError, OSError, http.client.HTTPException) as error:
                why = f"{type(error).__name__}: {error}"
            failed |= bool(why)
            print(f"{'not ' if why else ''}ok {number} - {title}", flush=True)
            print("".join(f"# {line}\n" for line in why.splitlines()), end="")
    print(f"1..{number}")
    return failed


if __name__ == "__main__":
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    sys.exit(main(*sys.argv[1:]))
