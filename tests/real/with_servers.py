#!/usr/bin/env python3
"""Run a command while the real servers are up.

    tests/real/with_servers.py COMMAND...

The command finds BELUGA_LLAMA_URL and BELUGA_AIMOCK_URL in its environment, or, for a server that this
machine does not have, BELUGA_LLAMA_MISSING and BELUGA_AIMOCK_MISSING with the reason.
"""
import contextlib
import os
import subprocess
import sys

import servers

LLAMA_KEY = "the-key-of-the-tests"


def main(command):
    environment = dict(os.environ, BELUGA_LLAMA_KEY=LLAMA_KEY)
    wanted = [("LLAMA", "llama-server", ["--api-key", LLAMA_KEY, "--embedding", "--pooling", "mean"]), ("AIMOCK", "aimock", [])]
    with contextlib.ExitStack() as running:
        for name, script, options in wanted:
            try:
                url = running.enter_context(servers.server(script, *options))
                environment[f"BELUGA_{name}_URL"] = url + "/v1"
            except servers.Unavailable as reason:
                environment[f"BELUGA_{name}_MISSING"] = str(reason)
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    status = main(sys.argv[1:])
    # A command that a signal ended must not look like one that exited.
    sys.exit(status if status >= 0 else 128 - status)
