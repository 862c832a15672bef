#!/usr/bin/env python3
"""Make inputs for fuzz targets from files of the repository: recorded answers, prices, pages.

    fuzz/seeds.py FOLDER      FOLDER/NAME/ gets those of fuzz_NAME

So these inputs need no copies in fuzz/corpus/.
"""
import hashlib
import json
import pathlib
import re
import struct
import sys

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "tests/support"))
import fixtures  # noqa: E402

folder = pathlib.Path(sys.argv[1])
recorded = root / "tests/fixtures"
providers = sorted(p.name for p in recorded.iterdir() if (p / "check").is_dir())


def keep(name, *parts):
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    at = folder / name
    at.mkdir(parents=True, exist_ok=True)
    (at / hashlib.sha1(data).hexdigest()).write_bytes(data)


def way(data, ways):
    """Return one of the ways, chosen by a hash of the data."""
    return ways[hashlib.sha1(data).digest()[0] % len(ways)]


# Letters for fuzz_adapter.c: the answer comes whole, in small pieces, or with a disturbance.
WAYS = ["-----", "g----", "zcpeh", "zmccd", "-ctd-", "j-fb-"]
PROTOCOLS = ("anthropic", "bedrock", "cohere", "gemini", "ollama", "openai", "openai-responses")
TYPES = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "aws": "application/vnd.amazon.eventstream",
         "body": "application/json", "models": "application/json"}
KINDS = {"body": "-", "models": "l"} # "s" (streamed) for the others


def checked_answers(provider):
    for _, sections in fixtures.walk(recorded, f"{provider}/check"):
        yield from (text for name, text in sorted(sections.items()) if name.startswith("answer"))


def add_checked(provider, answer):
    head = answer.split(b"\n\n", 1)[0]
    keep("http", head)
    if provider not in PROTOCOLS:
        return
    streamed = re.search(rb"event-?stream|ndjson", head.lower())
    kind = "l" if b'"models"' in answer or b'"data":[' in answer else "s" if streamed else "-"
    keep("adapter", provider, "\n", kind, way(answer, WAYS), "\n", answer)


def add_bytes(provider, section, body):
    if section == "error":
        keep("response", provider, "\ne\n", body)
    if section not in TYPES:
        return
    kind = KINDS.get(section, "s")
    head = f"HTTP/1.1 200 OK\nContent-Type: {TYPES[section]}\n\n"
    if kind == "s" and provider in PROTOCOLS and len(body) < 1200:
        keep("adapter", provider, "\n", kind, way(body, WAYS), "\n", head, body)
    keep("response", provider, "\n", "w" if kind == "-" else kind, "\n", body)
    if section in KINDS:
        keep("json", body)
        keep("json_edit", body, '\0{"model":null,"more":[1]}')
    elif section == "sse":
        keep("sse", "\1", body)


def answers():
    for provider in providers:
        for answer in checked_answers(provider):
            add_checked(provider, answer)
        for _, sections in fixtures.walk(recorded, provider):
            for section, body in sections.items():
                add_bytes(provider, section, body)


def requests():
    for case, sections in fixtures.walk(recorded, "openai/check"):
        parts = sections.get("request", b"").split(b"\n\n", 1)
        if len(parts) < 2 or not parts[1].strip().startswith(b"{"):
            continue
        messages = json.dumps(json.loads(parts[1]).get("messages", []))
        for name in providers if case in ("conversation", "tools-results", "image", "file") else ["openai"]:
            keep("request", name, "\nmax_tokens=5\n\n", messages)
            keep("batch", "\1\0", '{"id":"a","messages":', messages, ',"max_tokens":5}\n')


def frames():
    """Yield the frames of texts in the format of fuzz_aws.c: two lengths, then headers and payload."""
    for _, sections in fixtures.walk(recorded, "bedrock"):
        if "aws" not in sections:
            continue
        out, headers = b"\7", b""
        for line in sections["aws"].splitlines():
            if line.startswith(b":"):
                name, value = line[1:].split(b": ", 1)
                name = b":" + name
                headers += bytes([len(name)]) + name + b"\7" + struct.pack(">H", len(value)) + value
                continue
            if len(headers) < 255 and len(line) < 256:
                out += bytes([len(headers), len(line)]) + headers + line
            headers = b""
        keep("aws", out)


def pages():
    """Yield the blocks of YAML in the guides, and the lists of prices."""
    for page in sorted(root.glob("docs/**/*.md")) + [root / "README.md"]:
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S):
            keep("prices" if "\nprices:" in "\n" + block else "config", block)
    lines = (root / "data/prices.yaml").read_text().splitlines(keepends=True)
    keep("prices", *lines[:40])
    keep("prices", (root / "examples/prices.yaml").read_bytes())


def traces():
    for file in sorted(root.glob("tests/cli/traces/*.jsonl")):
        for choice in b"\0\1\2\4\5\6":
            keep("trace", bytes([choice]), file.read_bytes())


def tapes():
    for file in sorted(root.glob("*/tape/*.json")) + sorted(root.glob("cli/templates/*/tape/*.json")):
        keep("recording", file.read_bytes())


def plugins():
    """Yield the smallest shared object, whole and cut, and a shared object for another processor."""
    head = b"\x7fELF\2\1\1" + bytes(9)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 120, 120, 4096)
    for kind, machine in ((3, 62), (2, 62), (1, 62), (3, 183)):
        file = head + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0) + load
        keep("plugin", file)
        keep("plugin", file[:100])
    mach_o()


def mach_o():
    """Yield real Mach-O headers, and a universal file in which they follow directly after its own header."""
    text = (root / "tests/plugins/mach_o_files.h").read_text()
    heads = {name: bytes(int(byte, 16) for byte in re.findall(r"0x(\w\w)", numbers))
             for name, numbers in re.findall(r"char (\w+)\[\] = \{(.*?)\};", text, re.DOTALL)}
    x86_64, arm64 = heads["x86_64_library"], heads["arm64_library"]
    for file in (arm64, x86_64, heads["arm64_object"], heads["arm64_program"][:64]):
        keep("plugin", file)
    places = struct.pack(">5I", 0x01000007, 3, 48, len(x86_64), 0)
    places += struct.pack(">5I", 0x0100000C, 0, 48 + len(x86_64), len(arm64), 0)
    keep("plugin", struct.pack(">2I", 0xCAFEBABE, 2) + places + x86_64 + arm64)


for make in (answers, requests, frames, pages, traces, tapes, plugins):
    make()
