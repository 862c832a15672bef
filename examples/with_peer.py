#!/usr/bin/env python3
"""Run a program with beluga-peer as a local server that plays the batch APIs, for example OpenAI's.

    with_peer.py PEER PROGRAM [ARGUMENT...]
"""
import os
import subprocess
import sys


def main():
    peer = subprocess.Popen([sys.argv[1], "--mode", "batch"], stdout=subprocess.PIPE, text=True)
    try:
        address = "http://" + peer.stdout.readline().split()[1]
        environment = {**os.environ, "OPENAI_BASE_URL": address + "/v1", "OPENAI_API_KEY": "none"}
        return subprocess.run(sys.argv[2:], env=environment, check=False).returncode
    finally:
        peer.terminate()
        peer.wait()


sys.exit(main())
