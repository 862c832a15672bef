#!/usr/bin/env python3
"""What beluga sends beside what the makers' own clients send for the same call, field by field.

    tests/real/test_clients.py SAY        SAY: the program of say.c

Both talk to a server here, which writes down what came and answers as the provider would.
"""
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODULES = os.path.join(os.environ.get("BELUGA_DEPS", os.path.join(ROOT, ".deps")), "aimock")
SECONDS = 60
ANSWER = "As you wish."
CASES = {
    "anthropic": ["conversation", "tools", "tool-by-name", "tool-round", "image", "schema", "thinking", "stream"],
    "gemini": ["conversation", "tools", "tool-by-name", "tool-round", "image", "schema", "json", "thinking", "stream"],
    "ollama": ["conversation", "tools", "tool-round", "image", "schema", "json", "thinking", "stream"],
    "openai-responses": ["conversation", "tools", "tool-by-name", "tool-round", "image", "schema", "json", "thinking",
                         "stream"],
}
KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key", "ollama": "authorization",
               "openai-responses": "authorization"}


# ---- the server

def gemini_answer(path, _, calls):
    parts = [{"text": ANSWER}]
    if calls:  # only the first is signed and has an id
        parts = [{"text": "Let me look.", "thought": True},
                 {"functionCall": {"id": "fc-1", "name": "get_weather", "args": {"city": "Oslo"}},
                  "thoughtSignature": "c2lnbmVk"},
                 {"functionCall": {"name": "get_weather", "args": {"city": "Bergen"}}}]
    answer = {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}
    if path.endswith("streamGenerateContent"):
        return "text/event-stream", f"data: {json.dumps(answer)}\r\n\r\n"
    return "application/json", json.dumps(answer)


def ollama_answer(_, body, calls):
    whole = {"model": "a-model", "created_at": "2026-11-22T07:27:46Z", "done": True, "done_reason": "stop",
             "message": {"role": "assistant", "content": ANSWER}, "prompt_eval_count": 3, "eval_count": 4}
    if calls:
        tool_calls = [{"function": {"name": "get_weather", "arguments": {"city": city}}} for city in ("Oslo", "Bergen")]
        whole["message"] = {"role": "assistant", "content": "", "thinking": "Let me look.", "tool_calls": tool_calls}
    if not body["stream"]:
        return "application/json", json.dumps(whole)
    piece = {key: whole[key] for key in ("model", "created_at", "message")} | {"done": False}
    whole["message"] = {"role": "assistant", "content": ""}
    return "application/x-ndjson", f"{json.dumps(piece)}\n{json.dumps(whole)}\n"


def sse(*events):
    return "text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)


def anthropic_answer(_, body, calls):
    content = [{"type": "text", "text": ANSWER}]
    if calls:
        content = [{"type": "thinking", "thinking": "Let me look.", "signature": "c2lnbmVk"},
                   {"type": "redacted_thinking", "data": "aGlkZGVu"},
                   {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}},
                   {"type": "tool_use", "id": "toolu_2", "name": "get_weather", "input": {"city": "Bergen"}}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "a-model", "content": content,
               "stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None,
               "usage": {"input_tokens": 3, "output_tokens": 4}}
    if not body.get("stream"):
        return "application/json", json.dumps(message)
    return sse({"type": "message_start", "message": message | {"content": [], "stop_reason": None}},
               {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
               {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ANSWER}},
               {"type": "content_block_stop", "index": 0},
               {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 4}},
               {"type": "message_stop"})


def responses_answer(_, body, calls):
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    output = [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}]
    if calls:
        output = [{"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Let me look."}],
                   "encrypted_content": "aGlkZGVu"}]
        output += [{"id": f"fc_{city}", "type": "function_call", "status": "completed", "call_id": f"call_{city}",
                    "name": "get_weather", "arguments": json.dumps({"city": city})} for city in ("Oslo", "Bergen")]
    response = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "a-model",
                "output": output, "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}
    if not body.get("stream"):
        return "application/json", json.dumps(response)
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return sse({"type": "response.created", "response": response | {"status": "in_progress", "output": []}},
               {"type": "response.output_item.added", "output_index": 0, "item": output[0] | {"content": []}},
               {"type": "response.content_part.added", "part": text | {"text": ""}} | place,
               {"type": "response.output_text.delta", "delta": ANSWER} | place,
               {"type": "response.output_item.done", "output_index": 0, "item": output[0]},
               {"type": "response.completed", "response": response})


ANSWERS = {"anthropic": anthropic_answer, "gemini": gemini_answer, "ollama": ollama_answer,
           "openai-responses": responses_answer}


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what came in server.seen."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        url = urllib.parse.urlsplit(self.path)
        self.server.seen.append({
            "method": self.command,
            "path": urllib.parse.unquote(url.path),
            "query": urllib.parse.parse_qs(url.query),
            "type": self.headers["content-type"].partition(";")[0],
            "key": self.headers[KEY_HEADERS[self.server.provider]],
            "version": self.headers["anthropic-version"],
            "body": body,
        })
        calls = len(self.server.seen) < self.server.rounds
        content_type, text = ANSWERS[self.server.provider](url.path, body, calls)
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def record(provider, command):
    """What the command sends last to the URL that stands for @ in it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.provider, server.seen, server.rounds = provider, [], 2 if command[-1] == "tool-round" else 1
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        said = subprocess.run([url if word == "@" else word for word in command], capture_output=True, text=True,
                              timeout=SECONDS, check=False)
    finally:
        server.shutdown()
        server.server_close()
    if said.returncode or said.stdout != ANSWER + "\n":
        raise AssertionError(f"{command[0]} said {said.stdout!r} {said.stderr[-800:]!r}")
    if len(server.seen) != server.rounds:
        raise AssertionError(f"{command[0]} sent {len(server.seen)} requests")
    return server.seen[-1]


# ---- what may differ, and why

def settle_gemini(request):
    # The client gives system instructions a role; the API has none for them and does not look at it.
    request["body"].get("systemInstruction", {}).pop("role", None)
    # Nor does an empty object say anything.
    if request["body"].get("generationConfig") == {}:
        del request["body"]["generationConfig"]


def settle_ollama(request):
    for message in request["body"]["messages"]:
        # Ids are optional here, and the client's users rarely have them.
        message.pop("tool_call_id", None)
        for call in message.get("tool_calls", []):
            call.pop("id", None)


def settle_nothing(_):
    pass


def settle_responses(request):
    # What came out goes back as it was; ids and states of items that are not kept mean nothing to the API.
    for item in request["body"]["input"]:
        if item["type"] == "function_call":
            item.pop("id", None)
            item.pop("status", None)


SETTLE = {"anthropic": settle_nothing, "gemini": settle_gemini, "ollama": settle_ollama,
          "openai-responses": settle_responses}


def differences(ours, theirs, where=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in theirs:
                yield f"{where}.{key}: only we send {ours[key]!r}"
            elif key not in ours:
                yield f"{where}.{key}: only the client sends {theirs[key]!r}"
            else:
                yield from differences(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (a, b) in enumerate(zip(ours, theirs)):
            yield from differences(a, b, f"{where}[{i}]")
    elif ours != theirs:
        yield f"{where}: we send {ours!r}, the client {theirs!r}"


def compare(say, provider, case):
    ours = record(provider, [say, provider, "@", case])
    theirs = record(provider, ["node", os.path.join(HERE, "clients.mjs"), MODULES, provider, "@", case])
    for request in (ours, theirs):
        SETTLE[provider](request)
    return list(differences(ours, theirs))


def skip_without_clients():
    """Whether this machine lacks them, which is printed then."""
    here = subprocess.run([os.path.join(ROOT, "scripts", "aimock"), "--installed"], capture_output=True, text=True,
                          check=False)
    if here.returncode:
        print(f"1..0 # SKIP {here.stderr.strip()}")
    return here.returncode != 0


def main(say):
    if skip_without_clients():
        return 0
    failed = 0
    cases = [(provider, case) for provider, names in CASES.items() for case in names]
    print(f"1..{len(cases)}")
    for number, (provider, case) in enumerate(cases, 1):
        try:
            found = compare(say, provider, case)
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            found = [str(problem)]
        print(f"{'not ' if found else ''}ok {number} - {provider}'s {case} is what its client sends", flush=True)
        for line in found:
            print(f"# {line}")
        failed += bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
