"""What the client programs for Python share: jobs come as lines of JSON, what each client saw goes out as such lines.

    PROGRAM.py API BASE MODEL CASE [stream]      one job
    PROGRAM.py --jobs N                          jobs from stdin, N at once

A job: id, api, base (the gateway's origin), model, case, stream, prompt, and, where they are not usual, retries, timeout, key, and (in Python)
after, the seconds until it begins.
What was seen: id, outcome ("text", "error"), text, finish, usage, reasoning, calls, error, status, seconds.
"""
import base64
import concurrent.futures
import json
import struct
import sys
import time
import zlib

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PERSON = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
          "required": ["name", "age"], "additionalProperties": False}


def png():
    """A picture of one pixel."""
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pixels = zlib.compress(b"\0\xff\0\0")
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + part(b"IDAT", pixels)
            + part(b"IEND", b""))


PICTURE = base64.b64encode(png()).decode()


def weather(arguments):
    """The tool that the clients run."""
    city = (json.loads(arguments) if isinstance(arguments, str) else arguments)["city"]
    return f"{len(city)} degrees in {city}"


def attempt(do, job):
    time.sleep(job.get("after", 0))
    began = time.monotonic()
    seen = {"id": job.get("id", 0), "outcome": "text", "text": ""}
    try:
        do(job, seen)
    except Exception as e:  # whatever a client raises is what is asked for
        seen["outcome"] = "error"
        seen["error"] = f"{type(e).__name__}: {e}"[:600]
        seen["status"] = getattr(e, "status_code", None)
        seen["body"] = getattr(e, "body", None)
    seen["seconds"] = round(time.monotonic() - began, 3)
    return seen


def main(do):
    """Run `do(job, seen)` for each job."""
    if len(sys.argv) > 1 and sys.argv[1] == "--jobs":
        with concurrent.futures.ThreadPoolExecutor(int(sys.argv[2])) as pool:
            waiting = [pool.submit(attempt, do, json.loads(line)) for line in sys.stdin]
            for one in concurrent.futures.as_completed(waiting):
                print(json.dumps(one.result(), default=str), flush=True)
        return
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    api, base, model, case = sys.argv[1:5]
    job = {"api": api, "base": base, "model": model, "case": case, "stream": "stream" in sys.argv[5:], "prompt": "job-0: Hello."}
    print(json.dumps(attempt(do, job), default=str, ensure_ascii=False))
