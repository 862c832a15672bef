"""A running client: it reads jobs, one line of JSON each, and prints the cost of each."""

import json
import os
import re
import select
import subprocess

SECONDS = 240
# Some clients would use this machine's proxy for 127.0.0.1, and others would not.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not re.fullmatch(r"(?i)(https?|all|no)_proxy", name)
}


class Broken(Exception):
    """A client failed; the text has the end of its error output."""


class Session:
    """A running client. Its memory is read from /proc by the id of its process."""

    def __init__(self, client, ca=None, options=()):
        trust = {"SSL_CERT_FILE": ca, "NODE_EXTRA_CA_CERTS": ca} if ca else {}
        self.process = subprocess.Popen(
            [*client.command, *options],
            env=dict(ENVIRONMENT, **trust),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def broken(self, what):
        self.process.kill()
        return Broken("%s: %s" % (what, self.process.communicate()[1].strip()[-300:].replace("\n", " ")))

    def do(self, **job):
        """Do one job; return its costs."""
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
        except OSError:
            raise self.broken("ended") from None
        if not select.select([self.process.stdout], [], [], SECONDS)[0]:
            raise self.broken("no answer within %d s" % SECONDS)
        line = self.process.stdout.readline()
        if not line.startswith("{"):
            raise self.broken("not a result: %r" % line[:100])
        return json.loads(line)

    def memory_kib(self, name):
        """Return VmRSS (the present memory) or VmHWM (the peak)."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            return int(re.search(name + r":\s+(\d+) kB", file.read()).group(1))

    def end(self):
        """Wait until the client ends by itself. Returns the CPU time of the process and its children, in microseconds."""
        self.process.stdin.close()
        self.process.stdin = None
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            raise self.broken("exit status %d" % self.process.returncode)
        return (used.ru_utime + used.ru_stime) * 1e6
