#!/usr/bin/env python3
"""An MCP server over stdio that behaves as a test wants it.

    server.py WAY [ARGUMENT]

WAY says how it begins; what it does in a call depends on the tool that is called.
"""
import json
import os
import signal
import sys
import time

WAY = sys.argv[1] if len(sys.argv) > 1 else "old"
ARGUMENT = sys.argv[2] if len(sys.argv) > 2 else ""
NEW = "2026-07-28"
OBJECT = {"type": "object", "properties": {}}
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
MESSAGE_MAX = 32 << 20

tools = [{"name": name, "description": f"What {name} does", "inputSchema": OBJECT} for name in (
    "answer", "ask", "cancelled", "content", "crash", "deep", "duplicates", "endless", "environment", "fail", "flood",
    "grow", "hang", "image", "late", "long", "person", "progress", "refuse", "said", "strays", "structured", "utf8")]
tools.append({"name": "echo", "description": "Says it again", "inputSchema": TEXT})
heard = {"cancelled": [], "answers": [], "hanging": [], "methods": []}


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def send(message):
    write(json.dumps(message).encode() + b"\n")


def answer(request, result):
    send({"jsonrpc": "2.0", "id": request["id"], "result": result})


def refuse(request, code, message, **more):
    send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message, **more}})


def say(request, text, **more):
    answer(request, {"content": [{"type": "text", "text": text}], **more})


def notify(method, **params):
    send({"jsonrpc": "2.0", "method": method, "params": params})


# --- tools -----------------------------------------------------------------------------------------------------------

def ask(request):
    """Ask the client for what it has, and for what it has not, and tell what it answered."""
    send({"jsonrpc": "2.0", "id": "one", "method": "ping"})
    send({"jsonrpc": "2.0", "id": 2, "method": "sampling/createMessage", "params": {}})
    answers = [json.loads(sys.stdin.readline()) for _ in range(2)]
    say(request, json.dumps(answers))


def crash(_):
    print("out of cheese", file=sys.stderr, flush=True)
    os._exit(7)


def deep(request):
    write(b'{"jsonrpc":"2.0","id":%d,"result":' % request["id"] + b"[" * 9000 + b"]" * 9000 + b"}\n")


def endless(_):
    while True:
        write(b"x" * 65536)


def flood(_):
    while True:
        write(b'{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"again"}}\n' * 500)


def grow(request):
    tools.append({"name": f"grown{len(tools)}", "inputSchema": OBJECT})
    say(request, "grown")
    notify("notifications/tools/list_changed")


def long(request):
    write(b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"' % request["id"]
          + b"x" * (MESSAGE_MAX + 5) + b'"}]}}\n')


def content(request):
    answer(request, {"content": [
        {"type": "text", "text": "first"},
        {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
        {"type": "resource_link", "uri": "file:///a", "name": "a", "description": "the first"},
        {"type": "resource", "resource": {"uri": "file:///b", "text": "b's text"}},
        {"type": "resource", "resource": {"uri": "file:///c", "mimeType": "application/zip", "blob": "AAAAAA=="}},
        {"type": "hologram"}, 7]})


def progress(request):
    token = request["params"]["_meta"]["progressToken"]
    for done in (1, 2):
        notify("notifications/progress", progressToken=token, progress=done, total=2, message="on it")
    say(request, "done")


def strays(request):
    for stray in ("x", None, -1, 1.5, 10**30, request["id"] + 1000):
        send({"jsonrpc": "2.0", "id": stray, "result": {"content": []}})
    write(b'not JSON\n\n{"jsonrpc":"2.0"}\n[]\n{"id":\n')
    say(request, "the right one")


def duplicates(request):
    say(request, "one")
    say(request, "two")


def utf8(request):
    write(b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"a\xffb\\ud800c"}]}}\n' % request["id"])


def echo(request):
    say(request, request["params"]["arguments"]["text"])


def hang(request):
    """Answer nothing; when asked to, never again."""
    heard["hanging"].append(request["id"])
    if request["params"]["arguments"].get("mute"):
        os.close(1)
        time.sleep(600)


def environment(request):
    say(request, json.dumps({"env": dict(os.environ), "cwd": os.getcwd(), "arguments": sys.argv[1:]}))


CALLS = {
    "answer": lambda r: say(r, "42"),
    "ask": ask,
    "cancelled": lambda r: say(r, json.dumps([heard["cancelled"], heard["hanging"]])),
    "content": content,
    "crash": crash,
    "deep": deep,
    "duplicates": duplicates,
    "echo": echo,
    "endless": endless,
    "environment": environment,
    "fail": lambda r: say(r, "it failed", isError=True),
    "flood": flood,
    "grow": grow,
    "hang": hang,
    "image": lambda r: answer(r, {"content": [{"type": "image", "data": "AAAAAAA=", "mimeType": "image/png"}]}),
    "late": lambda r: (time.sleep(0.2), say(r, "late")),
    "long": long,
    "person": lambda r: answer(r, {"resultType": "input_required", "inputRequests": {}}),
    "progress": progress,
    "refuse": lambda r: refuse(r, -32000, "not\n\x1b[31mtoday"),
    "said": lambda r: say(r, json.dumps(heard["methods"])),
    "strays": strays,
    "structured": lambda r: answer(r, {"content": [], "structuredContent": {"n": 1}}),
    "utf8": utf8,
}


# --- the list --------------------------------------------------------------------------------------------------------

def odd_tools():
    return [
        {"name": "two words", "inputSchema": OBJECT},
        {"name": "two.words", "inputSchema": OBJECT},
        {"name": "x" * 128, "inputSchema": OBJECT},
        {"name": "bell\a\x1b[31m", "inputSchema": OBJECT},
        {"name": "answer", "inputSchema": OBJECT},
        {"name": "answer", "inputSchema": OBJECT},
        {"name": "nothing", "inputSchema": None},
        {"name": "list", "inputSchema": {"type": "array"}},
        {"name": "word", "inputSchema": "object"},
        {"name": "", "inputSchema": OBJECT},
        {"name": 7, "inputSchema": OBJECT},
        {"inputSchema": OBJECT},
        {"name": "bare"},
        "no tool",
    ]


def page(request):
    cursor = int(request.get("params", {}).get("cursor", "0"))
    if WAY == "many":
        found = [{"name": f"t{i}", "inputSchema": OBJECT} for i in range(cursor, cursor + 500)]
        return {"tools": found, "nextCursor": str(cursor + 500)}
    if WAY == "circle":
        return {"tools": tools if cursor == 0 else [], "nextCursor": "1"}
    if WAY == "pages":
        more = {"nextCursor": str(cursor + 5)} if cursor + 5 < len(tools) else {}
        return {"tools": tools[cursor:cursor + 5], **more}
    return {"tools": odd_tools() if WAY == "odd" else tools}


# --- methods ---------------------------------------------------------------------------------------------------------

def initialize(request):
    if WAY == "new":
        refuse(request, -32601, "only " + NEW)
        return
    version = {"future": "2999-01-01", "older": "2024-11-05"}.get(WAY, request["params"]["protocolVersion"])
    answer(request, {"protocolVersion": version, "capabilities": {"tools": {"listChanged": True}},
                     "serverInfo": {"name": "tests", "version": "1"}})


def discover(request):
    if WAY == "silent":
        return
    if WAY != "new":
        refuse(request, -32601, "Method not found")
        return
    meta = request["params"]["_meta"]
    if meta["io.modelcontextprotocol/protocolVersion"] != NEW:
        refuse(request, -32022, "no such version", data={"supported": [NEW]})
        return
    answer(request, {"resultType": "complete", "supportedVersions": [NEW],
                     "capabilities": {"tools": {"listChanged": True}},
                     "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "tests", "version": "2"}}})


def take(message):
    method = message.get("method")
    heard["methods"].append(method)
    if method == "initialize":
        initialize(message)
    elif method == "server/discover":
        discover(message)
    elif method == "tools/list":
        answer(message, page(message))
    elif method == "tools/call":
        CALLS[message["params"]["name"]](message)
    elif method == "notifications/cancelled":
        heard["cancelled"].append(message["params"]["requestId"])


def begin():
    """What a way does before it reads."""
    if WAY == "junk":
        write(b"Welcome to the server!\n\nlistening on stdio\n")
    elif WAY == "loud":
        for i in range(20000):
            print(f"line {i} of many", file=sys.stderr)
    elif WAY == "crashes":
        print("no configuration\n", file=sys.stderr, flush=True)
        sys.exit(3)
    elif WAY == "hangs":
        time.sleep(600)
    elif WAY == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if ARGUMENT:
            with open(ARGUMENT, "w", encoding="utf-8") as file:
                file.write(str(os.getpid()))
    elif WAY == "closed":
        os.close(0)
        os.close(1)
        time.sleep(600)


def main():
    begin()
    first = True
    for line in sys.stdin:
        message = json.loads(line)
        if WAY == "strict" and first and message.get("method") != "initialize":
            sys.exit("expected initialize")
        first = False
        take(message)
    while WAY == "stubborn":
        time.sleep(1)


if __name__ == "__main__":
    main()
