"""The servers for the clients: the scripted peer, and in front of it, for TLS and HTTP/2, the proxy nghttpx with a
certificate of an authority that is made for the run. All listen on 127.0.0.1."""

import collections
import contextlib
import os
import shutil
import socket
import subprocess
import time

SECONDS_TO_START = 20
os.environ["PATH"] += os.pathsep + "/usr/sbin"  # Debian's folder of nghttpx


class NoServer(Exception):
    """A server that can't run here; the text is the reason."""


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServer("openssl: %s" % done.stderr.strip()[-300:])


def make_certificates(folder):
    """Make an authority, ca.pem, and a server's key and certificate that it has signed."""
    with open(os.path.join(folder, "names"), "w", encoding="ascii") as file:
        file.write("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:false\nextendedKeyUsage=serverAuth\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench")
    openssl(folder, "req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    openssl(
        folder,
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "server.pem",
        "-days",
        "2",
        "-extfile",
        "names",
    )


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(port, process):
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise NoServer("nghttpx does not listen")


Seen = collections.namedtuple("Seen", "connections handshakes protocol")


class Front:
    """A proxy that speaks TLS to clients and HTTP/1.1 to the scripted peer, and logs the clients' requests."""

    def __init__(self, folder, port):
        self.log, self.ca, self.at = os.path.join(folder, "requests"), os.path.join(folder, "ca.pem"), 0
        self.url = "https://127.0.0.1:%d/v1" % port

    def seen(self):
        """Return the connections, the full handshakes and the protocol of the requests since the last call."""
        with open(self.log, encoding="utf-8") as file:
            file.seek(self.at)
            lines = [line.split() for line in file.read().splitlines()]
            self.at = file.tell()
        first = {}
        for port, protocol, resumed in lines:
            first.setdefault(port, (protocol, resumed))
        protocols = collections.Counter(protocol for protocol, _ in first.values())
        return Seen(
            len(first),
            sum(resumed == "." for _, resumed in first.values()),
            protocols.most_common(1)[0][0] if protocols else "-",
        )


@contextlib.contextmanager
def tls_front(folder, backend):
    """A context in which the proxy runs in front of a port. Yields the proxy."""
    for tool in ("nghttpx", "openssl"):
        if not shutil.which(tool):
            raise NoServer("%s is not installed" % tool)
    os.makedirs(folder, exist_ok=True)
    make_certificates(folder)
    port = free_port()
    front = Front(folder, port)
    open(front.log, "w", encoding="utf-8").close()
    command = [
        "nghttpx",
        "--conf=/dev/null",
        "--single-process",
        "--workers=1",
        "--frontend=127.0.0.1,%d" % port,
        "--backend=127.0.0.1,%s" % backend,
        "--accesslog-file=" + front.log,
        "--errorlog-file=" + front.log + ".errors",
        "--accesslog-format=$remote_port $alpn $tls_session_reused",
        os.path.join(folder, "server.key"),
        os.path.join(folder, "server.pem"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as proxy:
        try:
            wait_for(port, proxy)
            front.seen()
            yield front
        finally:
            proxy.terminate()
