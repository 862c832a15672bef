"""Ports for servers that can't choose one themselves."""
import socket

KEPT = []


def free_port():
    """A port of 127.0.0.1 that stays free for such a server until this program ends, also while the server is started again:
    the kernel gives a port that is bound to nobody else, but a server that sets SO_REUSEADDR, as most do, can listen there."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    KEPT.append(kept)
    return kept.getsockname()[1]
