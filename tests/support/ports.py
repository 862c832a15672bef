"""Ports for servers that can't choose one themselves."""
import random
import socket

CHOICE = random.SystemRandom()  # not the seed of a test


def free_port():
    """A port of 127.0.0.1 below those that the system gives to programs that do not choose: one of these may be taken before
    the server listens, or while it is started again."""
    while True:
        port = CHOICE.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
