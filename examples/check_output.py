#!/usr/bin/env python3
"""Run an example and compare what it prints with what it should print, line by line.

    check_output.py EXPECTED PROGRAM [ARGUMENT...]

In the file, TIMESTAMP stands for a time in seconds since 1970 that is now, NUMBER for any number, and NAMES for
names of providers.
"""
import re
import subprocess
import sys
import time

MINUTE = 60


def pattern(line):
    text = re.escape(line)
    text = text.replace("NAMES", r"[a-z0-9_-]+(?: [a-z0-9_-]+)*")
    return text.replace("TIMESTAMP", r"(?P<time>\d+)").replace("NUMBER", r"\d+(?:\.\d+)?") + r"\Z"


def complain(number, expected, printed):
    print(f"line {number}:\n  expected: {expected}\n  printed:  {printed}")
    return False


def compare(expected, printed):
    good = len(expected) == len(printed)
    for number in range(max(len(expected), len(printed))):
        want = expected[number] if number < len(expected) else "(nothing more)"
        have = printed[number] if number < len(printed) else "(nothing more)"
        match = re.match(pattern(want), have)
        if not match:
            good = complain(number + 1, want, have)
        elif "time" in match.groupdict() and abs(int(match["time"]) - time.time()) > MINUTE:
            good = complain(number + 1, want, have)
    return good


def main(path, command):
    with open(path, encoding="utf-8") as lines:
        expected = lines.read().splitlines()
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=280)
    good = compare(expected, done.stdout.decode("utf-8").splitlines())
    if done.returncode:
        print(f"exit status {done.returncode}")
    return 0 if good and done.returncode == 0 else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
