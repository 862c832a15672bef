#!/usr/bin/env python3
"""Signatures of AWS requests beside those of AWS's own signer, byte for byte.

    tests/real/test_signatures.py SIGN BELUGA        SIGN: the program of sign.c

The command is looked at from outside: what arrives of it must have the signature that AWS's signer makes of
what arrived.
"""
import calendar
import collections
import json
import os
import subprocess
import sys
import time

from test_clients import ANSWER, HERE, MODULES, Handler, address, bedrock_answer, serving, skip_without_clients

SECONDS = 300
FIELDS = ["method", "url", "type", "body", "id", "secret", "token", "region", "now"]
HEADERS = ["authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
SHOWN = 3


def run(command, text=""):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, check=True).stdout


# ---- generated requests

def check_generated(sign):
    """Each kind of them, how many there are, and what differs."""
    cases = [json.loads(line) for line in run(["node", os.path.join(HERE, "signatures.mjs"), MODULES]).splitlines()]
    lines = "".join(" ".join(str(case["request"][field]).encode().hex() for field in FIELDS) + "\n" for case in cases)
    ours = run([sign], lines).split("\n")[:-1]
    if len(ours) != len(cases):
        raise AssertionError(f"{len(ours)} answers to {len(cases)} requests")
    wrong, kinds = collections.defaultdict(list), collections.Counter(case["kind"] for case in cases)
    for case, line in zip(cases, ours):
        theirs = "\t".join(case["headers"].get(name, "") for name in HEADERS)
        if line != theirs:
            wrong[case["kind"]].append(f"{json.dumps(case['request'])}\n#   ours   {line}\n#   theirs {theirs}")
    return [(f"{count} signatures are AWS's own: {kind}", wrong[kind]) for kind, count in kinds.items()]


# ---- requests as they arrive

KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
# What the command is called with: a token, a region, what the base URL ends with, a model.
CALLS = [
    ("", "us-east-1", "", "a-model"),
    ("a/session+token==", "eu-west-1", "", "anthropic.claude-v1:0"),
    ("", "cn-north-1", "/", "arn:aws:bedrock:us-east-1:1:inference-profile/eu.x:0"),
    ("t", "us-east-1", "/a/.b/..c/c:d//e", "x y/é☃"),
    ("", "us-east-1", "/p%20q", "100%"),
]


class Witness(Handler):
    """Keeps what came in server.seen."""

    def do_POST(self):
        body = self.read().decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers, body))
        self.answer(*bedrock_answer(self.path, body, False))


def arrived(beluga, server, token, region, path, model):
    """The request that the command sends, as its signer has to have seen it, and its signature."""
    environment = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    environment |= KEY | {"AWS_REGION": region, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": address(server) + path,
                          "HOME": "/nonexistent"}
    if token:
        environment["AWS_SESSION_TOKEN"] = token
    server.seen = []
    said = subprocess.run([beluga, "-m", f"bedrock/{model}", "Hi, ☃"], env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
    if said.returncode or said.stdout.strip() != ANSWER or len(server.seen) != 1:
        raise AssertionError(f"the command said {said.stdout!r} {said.stderr[-800:]!r}")
    sent, headers, body = server.seen[0]
    when = calendar.timegm(time.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
    request = {"method": "POST", "url": f"http://{headers['host']}{sent}", "type": headers["content-type"], "body": body,
               "id": KEY["AWS_ACCESS_KEY_ID"], "secret": KEY["AWS_SECRET_ACCESS_KEY"], "token": token,
               "region": region, "now": when}
    return request, headers


def check_arrived(beluga):
    with serving("bedrock", Witness) as server:
        came = [arrived(beluga, server, *call) for call in CALLS]
    lines = run(["node", os.path.join(HERE, "signatures.mjs"), MODULES, "-"],
                "".join(json.dumps(request) + "\n" for request, _ in came)).splitlines()
    if len(lines) != len(came):
        raise AssertionError(f"{len(lines)} answers to {len(came)} requests")
    wrong = [f"{request}: {name} is {headers.get(name)}, not {theirs.get(name)}"
             for (request, headers), theirs in zip(came, (json.loads(line)["headers"] for line in lines))
             for name in HEADERS if headers.get(name) != theirs.get(name)]
    return [(f"{len(lines)} requests arrive with the signature of what arrives", wrong)]


def main(sign, beluga):
    if skip_without_clients():
        return 0
    checks = check_generated(sign) + check_arrived(beluga)
    print(f"1..{len(checks)}")
    for number, (what, wrong) in enumerate(checks, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {what}")
        for line in wrong[:SHOWN]:
            print(f"# {len(wrong)} differ, such as {line}")
    return 1 if any(wrong for _, wrong in checks) else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
