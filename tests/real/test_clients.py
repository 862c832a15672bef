#!/usr/bin/env python3
"""What beluga sends beside what the makers' own clients send for the same call, field by field.

    tests/real/test_clients.py SAY        SAY: the program of say.c

Both talk to a server here, which writes down what came and answers as the provider would.
"""
import contextlib
import http.server
import json
import os
import select
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODULES = os.path.join(os.environ.get("BELUGA_DEPS", os.path.join(ROOT, ".deps")), "aimock")
SECONDS = 300
ANSWER = "As you wish."
MODEL = "a-model"
# What may be in a model's name, and is escaped in a path.
MODELS = {"bedrock": "arn:aws:bedrock:us-east-1:1:inference-profile/eu.a-model-v1:0"}
COMPLETIONS = ["conversation", "systems", "tools", "tool-by-name", "tool-required", "tool-none", "tool-round", "image",
               "schema", "json", "thinking", "stream"]
CASES = {
    "azure": COMPLETIONS,
    # Converse has no choice "none" and no form but schemas.
    "bedrock": ["conversation", "systems", "tools", "tool-by-name", "tool-required", "tool-round", "image", "schema",
                "thinking", "stream"],
    # Its choices have no names.
    "cohere": ["conversation", "systems", "tools", "tool-required", "tool-none", "tool-round", "image", "schema",
               "json", "thinking", "stream"],
    "mistral": COMPLETIONS,
    "openai": COMPLETIONS,
    "anthropic": ["conversation", "systems", "tools", "tool-by-name", "tool-required", "tool-none", "tool-round",
                  "image", "schema", "thinking", "stream"],
    "gemini": ["conversation", "systems", "tools", "tool-by-name", "tool-required", "tool-none", "tool-round",
               "image", "schema", "json", "thinking", "stream"],
    "ollama": ["conversation", "systems", "tools", "tool-round", "image", "schema", "json", "thinking", "stream"],
    "openai-responses": COMPLETIONS,
}
# Where the key is, when not in "Authorization".
KEY_HEADERS = {"anthropic": "x-api-key", "azure": "api-key", "gemini": "x-goog-api-key"}
# What our base URL has that the client's has not.
BASES = {"mistral": "/v1"}


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


def completions_calls():
    return [{"id": f"call{city:x<5.5}", "type": "function",
             "function": {"name": "get_weather", "arguments": json.dumps({"city": city})}}
            for city in ("Oslo", "Bergen")]


def completions_answer(_, body, calls):
    message = {"role": "assistant", "content": ANSWER}
    if calls:
        message = {"role": "assistant", "content": None, "tool_calls": completions_calls()}
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL,
             "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
             "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}
    if not body.get("stream"):
        return "application/json", json.dumps(whole)
    chunks = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
              {"choices": [{"index": 0, "delta": {"content": ANSWER}, "finish_reason": None}]},
              {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
              {"choices": [], "usage": whole["usage"]}]
    lines = [json.dumps(whole | {"usage": None, "object": "chat.completion.chunk"} | chunk) for chunk in chunks]
    return "text/event-stream", "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])


def mistral_answer(path, body, calls):
    if not body.get("stream"):
        return completions_answer(path, body, calls)
    delta = {"role": "assistant", "content": ANSWER}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}  # comes with the last chunk
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
              {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}], "usage": usage}]
    start = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    lines = [json.dumps(start | chunk) for chunk in chunks]
    return "text/event-stream", "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])


def cohere_answer(_, body, calls):
    message = {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}
    if calls:
        message = {"role": "assistant", "tool_plan": "I will look.", "tool_calls": completions_calls()}
    reason = "TOOL_CALL" if calls else "COMPLETE"
    usage = {"billed_units": {"input_tokens": 3, "output_tokens": 4}, "tokens": {"input_tokens": 3, "output_tokens": 4}}
    if not body.get("stream"):
        return "application/json", json.dumps({"id": "1", "finish_reason": reason, "message": message, "usage": usage})
    start = {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}
    return sse({"type": "message-start", "id": "1", "delta": start},
               {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
               {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": ANSWER}}}},
               {"type": "content-end", "index": 0},
               {"type": "message-end", "delta": {"finish_reason": reason, "usage": usage}})


def frame_of(pairs, body):
    """One of an AWS event stream, from its headers and its payload."""
    headers = b""
    for name, value in pairs:
        headers += struct.pack(f">B{len(name)}sBH", len(name), name.encode(), 7, len(value)) + value.encode()
    start = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    whole = start + struct.pack(">I", zlib.crc32(start)) + headers + body
    return whole + struct.pack(">I", zlib.crc32(whole))


def frame(event, payload):
    headers = [(":event-type", event), (":content-type", "application/json"), (":message-type", "event")]
    return frame_of(headers, json.dumps(payload).encode())


def bedrock_answer(path, _, calls):
    content, reason = [{"text": ANSWER}], "end_turn"
    if calls:
        signed = {"reasoningText": {"text": "Let me look.", "signature": "c2lnbmVk"}}
        content = [{"reasoningContent": signed}, {"reasoningContent": {"redactedContent": "aGlkZGVu"}}]
        content += [{"toolUse": {"toolUseId": f"call_{city}", "name": "get_weather", "input": {"city": city}}}
                    for city in ("Oslo", "Bergen")]
        reason = "tool_use"
    usage = {"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}, "metrics": {"latencyMs": 1}}
    if not path.endswith("converse-stream"):
        message = {"role": "assistant", "content": content}
        return "application/json", json.dumps({"output": {"message": message}, "stopReason": reason} | usage)
    return "application/vnd.amazon.eventstream", b"".join([
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": ANSWER}}),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": reason}),
        frame("metadata", usage)])


ANSWERS = {"anthropic": anthropic_answer, "azure": completions_answer, "bedrock": bedrock_answer,
           "cohere": cohere_answer, "gemini": gemini_answer, "mistral": mistral_answer, "ollama": ollama_answer,
           "openai": completions_answer, "openai-responses": responses_answer}


class Handler(http.server.BaseHTTPRequestHandler):
    def read(self):
        return self.rfile.read(int(self.headers["content-length"]))

    def answer(self, content_type, body):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Recorder(Handler):
    """Keeps what came in server.seen."""

    def do_POST(self):
        body = json.loads(self.read())
        url = urllib.parse.urlsplit(self.path)
        self.server.seen.append({
            "method": self.command,
            "path": url.path if self.server.provider in MODELS else urllib.parse.unquote(url.path),
            "query": urllib.parse.parse_qs(url.query),
            "type": self.headers["content-type"].partition(";")[0],
            "key": self.headers[KEY_HEADERS.get(self.server.provider, "authorization")],
            "version": self.headers["anthropic-version"],
            "body": body,
        })
        calls = len(self.server.seen) < self.server.rounds
        self.answer(*ANSWERS[self.server.provider](url.path, body, calls))


@contextlib.contextmanager
def serving(provider, handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.provider = provider
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def address(server):
    return f"http://127.0.0.1:{server.server_port}"


class Client:
    """The maker's client, which sends one call after another: to start it takes longest."""

    def __init__(self, script, server, *arguments):
        command = ["node", os.path.join(HERE, script), MODULES, server.provider, address(server), *arguments]
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-800:]

    def ask(self, case):
        """The answer to a call."""
        self.process.stdin.write(case.encode() + b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], SECONDS)[0]:
            raise AssertionError(f"the client did not answer: {self.said()}")
        answer = json.loads(self.process.stdout.readline() or "{}")
        if "text" not in answer:
            raise AssertionError(f"the client failed: {answer.get('failure') or self.said()}")
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def ask_ours(say, provider, server, case):
    command = [say, provider, address(server) + BASES.get(provider, ""), MODELS.get(provider, MODEL), case]
    said = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if said.returncode:
        raise AssertionError(f"beluga failed: {said.stderr[-800:]}")
    return said.stdout.removesuffix("\n")


def record(server, case, ask):
    """What ask() makes somebody send last."""
    server.seen, server.rounds = [], 2 if case == "tool-round" else 1
    text = ask()
    if text != ANSWER:
        raise AssertionError(f"the answer was {text!r}")
    if len(server.seen) != server.rounds:
        raise AssertionError(f"{len(server.seen)} requests were sent")
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


def settle_stream(request):
    # Not to stream is what the API does by itself.
    if request["body"].get("stream") is False:
        del request["body"]["stream"]


def settle_cohere(request):
    settle_stream(request)
    # The API takes penalties from 0 to 1, and ours are kept within that.
    if request["body"].get("frequency_penalty", 0) < 0:
        request["body"]["frequency_penalty"] = 0.0


def settle_mistral(request):
    settle_stream(request)
    for message in request["body"]["messages"]:
        # The client spells out what the API takes for granted: that an answer is no prefix of the next one,
        # and an index of calls that is ever 0.
        if message.get("prefix") is False:
            del message["prefix"]
        for call in message.get("tool_calls", []):
            call.pop("index", None)
        # To be without text is to have none.
        if "tool_calls" in message and message.get("content") is None:
            message.pop("content", None)


def settle_responses(request):
    # What came out goes back as it was; ids and states of items that are not kept mean nothing to the API.
    for item in request["body"]["input"]:
        if item["type"] == "function_call":
            item.pop("id", None)
            item.pop("status", None)


SETTLE = {"cohere": settle_cohere, "mistral": settle_mistral, "gemini": settle_gemini, "ollama": settle_ollama,
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


def compare(say, client, server, case):
    provider = server.provider
    try:
        ours = record(server, case, lambda: ask_ours(say, provider, server, case))
        theirs = record(server, case, lambda: client.ask(case)["text"])
    except (AssertionError, OSError, subprocess.TimeoutExpired) as problem:
        return [str(problem)]
    for request in (ours, theirs):
        SETTLE.get(provider, settle_nothing)(request)
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
    number = failed = 0
    print(f"1..{sum(map(len, CASES.values()))}")
    for provider, cases in CASES.items():
        model = MODELS.get(provider, MODEL)
        with serving(provider, Recorder) as server, Client("clients.mjs", server, model) as client:
            for case in cases:
                found = compare(say, client, server, case)
                number += 1
                good = "not ok" if found else "ok"
                print(f"{good} {number} - {provider}'s {case} is what its client sends", flush=True)
                for line in found:
                    print("# " + line.replace("\n", "\n# "))
                failed += bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
