"""beluga-peer --mode batch as a process, and plain HTTP to it."""
import http.client
import json
import subprocess
import time


class Peer:
    """A peer with these options, which ends with the block."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, "--mode", "batch", *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.terminate()
        status = self.process.wait()
        self.process.stdout.close()
        assert status == 0 or kind, f"the peer ended with {status}"

    def ask(self, method, path, body=None, key="key", **headers):
        """The status, the headers and the body of an answer; a connection that ends early raises."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            headers.setdefault("Authorization", f"Bearer {key}")
        if isinstance(body, (dict, list)):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path, **options):
        """The JSON of an answer that must be 200."""
        return self.json("GET", path, **options)

    def json(self, method, path, body=None, **options):
        status, _, text = self.ask(method, path, body, **options)
        assert status in (200, 201), f"{method} {path}: {status} {text[:300]}"
        return json.loads(text)

    def control(self):
        return self.get("/control/batches", key=None)


def wait_until(condition):
    """What a condition returns once it is true; it has a minute."""
    end = time.monotonic() + 60
    while True:
        value = condition()
        if value or time.monotonic() > end:
            assert value, "the condition did not come true within a minute"
            return value
        time.sleep(0.02)


def run(checks):
    """Run functions as TAP; returns whether one failed. One that returns a text was skipped."""
    failed = False
    print(f"1..{len(checks)}", flush=True)
    for number, check in enumerate(checks, 1):
        name = check.__name__
        try:
            skipped = check()
            print(f"ok {number} - {name}" + (f" # SKIP {skipped}" if skipped else ""), flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed = True
            line = error.__traceback__
            while line.tb_next:
                line = line.tb_next
            print(f"not ok {number} - {name}", flush=True)
            print(f"# {type(error).__name__} in line {line.tb_lineno}: {error}".replace("\n", "\n# "), flush=True)
    return failed
