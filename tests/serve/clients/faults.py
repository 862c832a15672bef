"""The faults that the upstream plays, and what must come of each at a client.

`FAULTS` is the table: the name of a fault is the model's name at the upstream. What is right:

    whole    the client has the whole text, and no error
    error    the client has an error, whatever text it had before
    partial  the text is not whole, and the reason for its end says so
    either   whole, or an error: never half a text that looks whole
"""
import base64
import dataclasses
import json
import re
import struct

import shapes
from shapes import CHAT, GEMINI, MESSAGES, RESPONSES, Answer

HALF = len(shapes.PIECES) // 2
TOO_LONG = {
    CHAT: "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
    RESPONSES: "Your input exceeds the context window of this model. Please adjust your input and try again.",
    MESSAGES: "prompt is too long: 5000 tokens > 4096 maximum",
    GEMINI: "The input token count (5000) exceeds the maximum number of tokens allowed (4096).",
}
POLICY = "Your request was rejected by our safety system."


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    right: str
    streamed: tuple = (True, False)
    protocols: tuple = shapes.PROTOCOLS
    attempts: int = 0      # exactly so many requests upstream, where it matters
    kind: str = ""         # of the error at the client: "status 429", "too long", "policy"
    slow: bool = False     # it takes seconds


ONLY_STREAMED, ONLY_WHOLE = (True,), (False,)
FAULTS = [
    Fault("ok", "whole", attempts=1),
    Fault("cut", "error"),
    Fault("cut-late", "error", ONLY_STREAMED),
    Fault("reset", "error"),
    Fault("clean-end", "error"),
    Fault("clean-end-early", "error", ONLY_STREAMED),
    Fault("no-finish", "error", ONLY_STREAMED),
    Fault("in-band", "error"),
    Fault("in-band-first", "error", ONLY_STREAMED),
    Fault("error-event", "error", ONLY_STREAMED, (RESPONSES,)),
    Fault("malformed", "error"),
    Fault("stall", "error", slow=True),
    Fault("silent", "error", slow=True),
    Fault("silent-head", "error", slow=True),
    Fault("no-done", "whole", ONLY_STREAMED, (CHAT,)),
    Fault("no-done", "either", ONLY_STREAMED, (MESSAGES,)),
    Fault("no-done-open", "whole", ONLY_STREAMED, (CHAT,), slow=True),
    Fault("no-usage", "whole"),
    Fault("no-open", "either", ONLY_STREAMED, (MESSAGES, RESPONSES, CHAT)),
    Fault("wrong-type", "either", ONLY_STREAMED, (MESSAGES, RESPONSES)),
    Fault("comments", "whole", ONLY_STREAMED),
    Fault("bytewise", "whole", ONLY_STREAMED),
    Fault("crlf", "whole", ONLY_STREAMED),
    Fault("empty", "either"),
    Fault("nothing", "error"),
    Fault("length", "partial"),
    Fault("filter", "partial"),
    Fault("html", "error"),
    Fault("json-for-stream", "either", ONLY_STREAMED),
    Fault("429-once", "whole", attempts=2, slow=True),
    Fault("500-once", "whole", attempts=2),
    Fault("reset-once", "whole", attempts=2),
    Fault("429", "error", kind="status 429"),
    Fault("500", "error"),
    Fault("502-html", "error"),
    Fault("503", "error"),
    Fault("529", "error"),
    Fault("401", "error"),
    Fault("403", "error"),
    Fault("404", "error"),
    Fault("400", "error", attempts=1, kind="status 400"),
    Fault("too-long", "error", attempts=1, kind="too long"),
    Fault("policy", "error", attempts=1, kind="policy", protocols=(CHAT, RESPONSES)),
    Fault("tool-cut", "error", ONLY_STREAMED),
]

MESSAGES_OF = {400: "temperature: this is not right", 401: "invalid key", 403: "not for you", 404: "no such model",
               429: "slow down", 500: "broken", 503: "overloaded", 529: "Overloaded"}


# ---- bytes

def head(status, content_type, framing, more=""):
    return (f"HTTP/1.1 {status} Scripted\r\nContent-Type: {content_type}\r\n{more}{framing}\r\n\r\n").encode()


def whole(status, body, more="", content_type="application/json", claimed=None):
    data = body.encode() if isinstance(body, str) else body
    return head(status, content_type, f"Content-Length: {claimed or len(data)}", more) + data


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM_HEAD = head(200, "text/event-stream", "Transfer-Encoding: chunked")
LAST_CHUNK = b"0\r\n\r\n"


# ---- what is answered

def text_of(body):
    return json.dumps(body, ensure_ascii=False)


def has_tool_result(body):
    return any(mark in text_of(body) for mark in ('"role": "tool"', '"tool_result"', '"function_call_output"',
                                                  '"functionResponse"'))


def results(body):
    """What the client's tools said."""
    return re.findall(r"\d+ degrees in [A-Za-z]+", text_of(body))


def image_of(body):
    """The image that came: its kind and size."""
    text = text_of(body)
    found = re.search(r"data:(image/\w+);base64,([A-Za-z0-9+/=]+)", text)
    if found:
        return f"{found.group(1)}, {len(base64.b64decode(found.group(2)))} bytes"
    kind = re.search(r'"(?:media_type|mimeType|mime_type)": "(image/\w+)"', text)
    data = re.search(r'"data": "([A-Za-z0-9+/=]+)"', text)
    return f"{kind.group(1)}, {len(base64.b64decode(data.group(1)))} bytes" if kind and data else "no image"


def schema_of(body):
    """Where a schema was asked for, and how."""
    for place in ("response_format", "text", "output_config", "output_format", "generationConfig"):
        if place in body and '"age"' in text_of(body[place]):
            return place
    return "tool" if any('"age"' in text_of(tool) for tool in body.get("tools") or []) else None


def answer_of(model, body):
    """The answer of a model that does not fail."""
    if model in ("tools", "parallel") and not has_tool_result(body):
        cities = ["Oslo"] if model == "tools" else ["Oslo", "Bergen"]
        calls = [(f"call_{city}", "get_weather", json.dumps({"city": city})) for city in cities]
        return Answer(pieces=[], tools=calls, finish="tools")
    if model in ("tools", "parallel"):
        return Answer(pieces=["It is ", " and ".join(results(body)) + "."])
    if model == "reasoning":
        return Answer(reasoning=["Let me ", "think."])
    if model == "image":
        return Answer(pieces=["I see ", image_of(body)])
    if model == "schema":
        place = schema_of(body)
        if place == "tool":
            name = re.search(r'"name": "(\w+)"', text_of(body["tools"])).group(1)
            return Answer(pieces=[], tools=[("call_schema", name, '{"name": "Ada", "age": 36}')], finish="tools")
        return Answer(pieces=['{"name": "Ada"', ', "age": 36}'] if place else ["no schema"])
    if model == "length":
        return Answer(pieces=shapes.PIECES[:HALF], finish="length")
    if model == "filter":
        return Answer(pieces=shapes.PIECES[:HALF], finish="filter")
    if model == "empty":
        return Answer(pieces=[])
    if model == "tool-cut":
        return Answer(pieces=[], tools=[("call_cut", "get_weather", '{"city": "Oslo", "unit": "celsius"}')], finish="tools")
    return Answer(usage=model != "no-usage")


def error_steps(protocol, status, attempt, once, body):
    if once and attempt > 1:
        return None
    code = {429: "rate_limit_exceeded", 401: "invalid_api_key"}.get(status)
    more = "Retry-After: 1\r\n" if status == 429 and once else ""
    return [("bytes", whole(status, json.dumps(shapes.error_body(protocol, status, code, MESSAGES_OF[status])), more))]


def http_fault(protocol, model, attempt, body):
    """Steps of a fault that is an answer of HTTP; None: it is none, or it is over."""
    status, _, once = model.partition("-")
    if status.isdigit() and int(status) in MESSAGES_OF and once in ("", "once"):
        return error_steps(protocol, int(status), attempt, once, body)
    if model == "502-html":
        return [("bytes", whole(502, "<html><body>Bad Gateway</body></html>", content_type="text/html"))]
    if model == "html":
        return [("bytes", whole(200, "<html><body>Please log in</body></html>", content_type="text/html"))]
    if model == "too-long":
        return [("bytes", whole(400, json.dumps(shapes.error_body(protocol, 400, "context_length_exceeded",
                                                                  TOO_LONG[protocol]))))]
    if model == "policy":
        return [("bytes", whole(400, json.dumps(shapes.error_body(protocol, 400, "content_policy_violation", POLICY))))]
    if model == "nothing":
        return [("bytes", whole(200, ""))]
    if model == "reset-once" and attempt == 1:
        return [("reset", None)]
    if model == "silent":
        return [("hang", None)]
    return None


# ---- streams

def until_text(frames, n):
    """The frames before text number n."""
    for tag, frame in frames:
        if tag == "text":
            if n == 0:
                return
            n -= 1
        yield tag, frame


def wrong_type(protocol, frame):
    """A text of a kind that does not belong where it is."""
    wrong = {MESSAGES: (b'"text_delta", "text"', b'"input_json_delta", "partial_json"'),
             RESPONSES: (b'"item_id": "msg_up"', b'"item_id": "msg_of_others"')}[protocol]
    return frame.replace(*wrong)


def edit_frames(protocol, model, frames):
    """The frames that are sent, and the steps behind them."""
    over = [("bytes", LAST_CHUNK)]
    texts = sum(tag == "text" for tag, _ in frames)
    half = HALF if texts > HALF else texts // 2
    cut = list(until_text(frames, half))
    if model in ("cut", "tool-cut"):
        return cut, [("close", None)]
    if model == "cut-late":
        return [f for f in frames if f[0] not in ("finish", "usage", "end")], [("close", None)]
    if model == "reset":
        return cut, [("reset", None)]
    if model == "clean-end":
        return cut, over
    if model == "clean-end-early":
        return list(until_text(frames, 0)), over
    if model == "no-finish":
        return [f for f in frames if f[0] not in ("finish", "usage", "end")], over
    if model == "in-band":
        return cut + [("other", shapes.error_frame(protocol))], over
    if model == "in-band-first":
        return list(until_text(frames, 0)) + [("other", shapes.error_frame(protocol))], over
    if model == "error-event":
        frame = shapes.sse({"type": "error", "code": "server_error", "message": "the engine has stopped", "param": None,
                            "sequence_number": 99}, "error")
        return cut + [("other", frame)], over
    if model == "malformed":
        return cut + [("text", shapes.sse('{"broken'))] + frames[len(cut) + 1:], over
    if model == "stall":
        return cut, [("hang", None)]
    if model == "silent-head":
        return [], [("hang", None)]
    if model == "no-done":
        return [f for f in frames if f[0] != "end"], over
    if model == "no-done-open":
        return [f for f in frames if f[0] != "end"], [("hang", None)]
    if model == "no-open":
        return [f for f in frames if f[0] != "open"], over
    if model == "wrong-type":
        return cut + [("text", wrong_type(protocol, frames[len(cut)][1]))] + frames[len(cut) + 1:], over
    if model == "comments":
        return [(tag, b": ping\n\n" + frame) for tag, frame in frames], over
    if model == "crlf":
        return [(tag, frame.replace(b"\n", b"\r\n")) for tag, frame in frames], over
    return frames, over


def stream_steps(protocol, model, body, answers):
    answer = answers(protocol, body) if answers else answer_of(model, body)
    frames, after = edit_frames(protocol, model, list(shapes.FRAMES[protocol](answer)))
    steps = [("bytes", STREAM_HEAD)]
    if model == "bytewise":
        data = b"".join(frame for _, frame in frames)
        return steps + [("bytes", chunk(data[i:i + 1])) for i in range(len(data))] + after
    for tag, frame in frames:
        steps.append(("bytes", chunk(frame)))
        if model == "slow" and tag == "text":
            steps.append(("sleep", 0.3))
    return steps + after


# ---- bodies

def body_steps(protocol, model, body, answers):
    answer = answers(protocol, body) if answers else answer_of(model, body)
    data = shapes.BODY[protocol](answer)
    text = json.dumps(data, ensure_ascii=False)
    raw = text.encode()
    half = raw[:len(raw) // 2]
    if model == "cut":
        return [("bytes", whole(200, half, claimed=len(raw))), ("close", None)]
    if model == "reset":
        return [("bytes", whole(200, half, claimed=len(raw))), ("reset", None)]
    if model in ("clean-end", "malformed"):
        return [("bytes", whole(200, half))]
    if model == "in-band":
        return [("bytes", whole(200, json.dumps(shapes.error_body(protocol, 500, "engine_stopped", "the engine has stopped"))))]
    if model == "stall":
        return [("bytes", whole(200, half, claimed=len(raw))), ("hang", None)]
    if model == "silent-head":
        return [("bytes", whole(200, b"", claimed=len(raw))), ("hang", None)]
    if model == "slow":
        return [("sleep", 3), ("bytes", whole(200, raw))]
    return [("bytes", whole(200, raw))]


def embeddings_steps(body):
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    vectors = [[0.5, -0.25, float(len(text))] for text in inputs]
    if body.get("encoding_format") == "base64":
        vectors = [base64.b64encode(struct.pack("<3f", *v)).decode() for v in vectors]
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    return [("bytes", whole(200, json.dumps({"object": "list", "data": data, "model": body["model"],
                                             "usage": {"prompt_tokens": 3, "total_tokens": 3}})))]


def steps(protocol, model, streamed, body, attempt, answers=None):
    """What is sent, step by step, to the attempt-th request (from 1) of a job."""
    if protocol == "embeddings":
        return embeddings_steps(body)
    if protocol == "count":
        return [("bytes", whole(200, '{"input_tokens": 20}'))]
    if protocol not in shapes.PROTOCOLS:
        return [("bytes", whole(404, '{"error": {"message": "no such route"}}'))]
    fault = http_fault(protocol, model, attempt, body)
    if fault:
        return fault
    if streamed and model != "json-for-stream":
        return stream_steps(protocol, model, body, answers)
    return body_steps(protocol, model, body, answers)
