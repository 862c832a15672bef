#!/usr/bin/env python3
"""Signatures of AWS requests beside those of AWS's own signer, byte for byte.

    tests/real/test_signatures.py SIGN        SIGN: the program of sign.c
"""
import collections
import json
import os
import subprocess
import sys

from test_clients import HERE, MODULES, skip_without_clients

SECONDS = 60
FIELDS = ["method", "url", "type", "body", "id", "secret", "token", "region", "now"]
HEADERS = ["authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
SHOWN = 3


def run(command, text=""):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, check=True).stdout


def main(sign):
    if skip_without_clients():
        return 0
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
    print(f"1..{len(kinds)}")
    for number, (kind, count) in enumerate(kinds.items(), 1):
        print(f"{'not ' if wrong[kind] else ''}ok {number} - {count} signatures are AWS's own: {kind}")
        for line in wrong[kind][:SHOWN]:
            print(f"# {len(wrong[kind])} differ, such as {line}")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
