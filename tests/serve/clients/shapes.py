"""The shapes in which services answer: an Answer as a body, or as the frames of a stream, in each of four protocols.

A frame has a tag, by which faults find their place: "open", "text", "other", "finish", "usage", "end".
"""
import dataclasses
import json

CHAT, RESPONSES, MESSAGES, GEMINI = "chat", "responses", "messages", "gemini"
PROTOCOLS = (CHAT, RESPONSES, MESSAGES, GEMINI)

PIECES = ["Water ", "boils ", "at ", "100 ", "degrees; ", "höher ", "im ", "Gebirge ", "weniger ", "– ", "so ", "it is."]
TEXT = "".join(PIECES)
INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS, REASONING_TOKENS = 20, 8, 30, 5
FINISH = {  # of the answer: what each protocol calls it
    "stop": ("stop", "completed", "end_turn", "STOP"),
    "length": ("length", "incomplete", "max_tokens", "MAX_TOKENS"),
    "filter": ("content_filter", "incomplete", "refusal", "SAFETY"),
    "tools": ("tool_calls", "completed", "tool_use", "STOP"),
    None: (None, None, None, None),
}


@dataclasses.dataclass
class Answer:
    pieces: list = dataclasses.field(default_factory=lambda: list(PIECES))
    reasoning: list = dataclasses.field(default_factory=list)
    tools: list = dataclasses.field(default_factory=list)  # (id, name, arguments as text)
    finish: str = "stop"
    usage: bool = True
    model: str = "upstream-model"

    @property
    def text(self):
        return "".join(self.pieces)

    def reason(self, protocol):
        return FINISH[self.finish][PROTOCOLS.index(protocol)]


def sse(data, event=None):
    head = f"event: {event}\n" if event else ""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"{head}data: {text}\n\n".encode()


def without_none(members):
    return {name: value for name, value in members.items() if value is not None}


# ---- Chat Completions

def chat_usage():
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
            "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
            "completion_tokens_details": {"reasoning_tokens": REASONING_TOKENS}}


def chat_calls(answer, index):
    return [without_none({"index": i if index else None, "id": id_, "type": "function",
                          "function": {"name": name, "arguments": arguments}})
            for i, (id_, name, arguments) in enumerate(answer.tools)]


def chat_body(a):
    message = without_none({"role": "assistant", "content": a.text or None,
                            "reasoning_content": "".join(a.reasoning) or None,
                            "tool_calls": chat_calls(a, False) or None})
    return without_none({"id": "chatcmpl-up", "object": "chat.completion", "created": 1700000000, "model": a.model,
                         "choices": [{"index": 0, "message": message, "finish_reason": a.reason(CHAT)}],
                         "usage": chat_usage() if a.usage else None})


def chat_chunk(a, delta, finish=None):
    return sse({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1700000000, "model": a.model,
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def chat_frames(a):
    yield "open", chat_chunk(a, {"role": "assistant", "content": ""})
    for piece in a.reasoning:
        yield "other", chat_chunk(a, {"reasoning_content": piece})
    for piece in a.pieces:
        yield "text", chat_chunk(a, {"content": piece})
    for call in chat_calls(a, True):
        arguments = call["function"]["arguments"]
        half = len(arguments) // 2
        call["function"]["arguments"] = arguments[:half]
        yield "text", chat_chunk(a, {"tool_calls": [call]})
        yield "text", chat_chunk(a, {"tool_calls": [{"index": call["index"], "function": {"arguments": arguments[half:]}}]})
    yield "finish", chat_chunk(a, {}, a.reason(CHAT))
    if a.usage:
        yield "usage", sse({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1700000000, "model": a.model,
                            "choices": [], "usage": chat_usage()})
    yield "end", sse("[DONE]")


# ---- Responses

def responses_items(a):
    items = []
    if a.reasoning:
        items.append({"type": "reasoning", "id": "rs_up", "encrypted_content": "c2VjcmV0",
                      "summary": [{"type": "summary_text", "text": "".join(a.reasoning)}]})
    if a.pieces or not a.tools:
        items.append({"type": "message", "id": "msg_up", "role": "assistant", "status": "completed",
                      "content": [{"type": "output_text", "text": a.text, "annotations": [], "logprobs": []}]})
    for id_, name, arguments in a.tools:
        items.append({"type": "function_call", "id": "fc_" + id_, "call_id": id_, "name": name, "arguments": arguments,
                      "status": "completed"})
    return items


def responses_body(a, status=None, output=None):
    reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(a.finish)
    usage = {"input_tokens": INPUT_TOKENS, "input_tokens_details": {"cached_tokens": CACHED_TOKENS},
             "output_tokens": OUTPUT_TOKENS, "output_tokens_details": {"reasoning_tokens": REASONING_TOKENS},
             "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS}
    status = status or a.reason(RESPONSES)
    return {"id": "resp_up", "object": "response", "created_at": 1700000000, "status": status, "model": a.model,
            "output": responses_items(a) if output is None else output, "parallel_tool_calls": True,
            "tool_choice": "auto", "tools": [], "error": None, "instructions": None, "metadata": {}, "temperature": 1.0,
            "top_p": 1.0, "incomplete_details": {"reason": reason} if reason else None,
            "usage": usage if a.usage and status != "in_progress" else None}


def responses_events(a):
    yield "open", "response.created", {"response": responses_body(a, "in_progress", [])}
    for index, item in enumerate(responses_items(a)):
        at = {"output_index": index, "item_id": item["id"]}
        empty = dict(item, **{"message": {"content": [], "status": "in_progress"}, "reasoning": {"summary": []},
                              "function_call": {"arguments": "", "status": "in_progress"}}[item["type"]])
        yield "open", "response.output_item.added", {"output_index": index, "item": empty}
        if item["type"] == "message":
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            yield "open", "response.content_part.added", dict(at, content_index=0, part=part)
            for piece in a.pieces:
                yield "text", "response.output_text.delta", dict(at, content_index=0, delta=piece, logprobs=[])
            yield "other", "response.output_text.done", dict(at, content_index=0, text=a.text, logprobs=[])
            yield "other", "response.content_part.done", dict(at, content_index=0, part=item["content"][0])
        elif item["type"] == "reasoning":
            part = {"type": "summary_text", "text": ""}
            yield "other", "response.reasoning_summary_part.added", dict(at, summary_index=0, part=part)
            for piece in a.reasoning:
                yield "other", "response.reasoning_summary_text.delta", dict(at, summary_index=0, delta=piece)
            yield "other", "response.reasoning_summary_text.done", dict(at, summary_index=0, text="".join(a.reasoning))
            yield "other", "response.reasoning_summary_part.done", dict(at, summary_index=0, part=item["summary"][0])
        else:
            half = len(item["arguments"]) // 2
            for piece in (item["arguments"][:half], item["arguments"][half:]):
                yield "text", "response.function_call_arguments.delta", dict(at, delta=piece)
            yield "other", "response.function_call_arguments.done", dict(at, arguments=item["arguments"], name=item["name"])
        yield "other", "response.output_item.done", {"output_index": index, "item": item}
    if a.finish:
        yield "finish", "response." + a.reason(RESPONSES), {"response": responses_body(a)}


def responses_frames(a):
    for number, (tag, event, members) in enumerate(responses_events(a)):
        yield tag, sse({"type": event, "sequence_number": number, **members}, event)


# ---- Messages

def messages_usage(output):
    return {"input_tokens": INPUT_TOKENS - CACHED_TOKENS, "cache_read_input_tokens": CACHED_TOKENS,
            "cache_creation_input_tokens": 0, "output_tokens": output}


def messages_blocks(a):
    blocks = []
    if a.reasoning:
        blocks.append({"type": "thinking", "thinking": "".join(a.reasoning), "signature": "c2lnbmVk"})
    if a.pieces:
        blocks.append({"type": "text", "text": a.text})
    for id_, name, arguments in a.tools:
        blocks.append({"type": "tool_use", "id": id_, "name": name, "input": json.loads(arguments)})
    return blocks


def messages_body(a, content=None, finish=None, output=OUTPUT_TOKENS):
    return without_none({"id": "msg_up", "type": "message", "role": "assistant", "model": a.model,
                         "content": messages_blocks(a) if content is None else content,
                         "stop_reason": finish or a.reason(MESSAGES), "usage": messages_usage(output) if a.usage else None})


def messages_frames(a):
    def event(kind, **members):
        return sse({"type": kind, **members}, kind)

    yield "open", event("message_start", message=dict(messages_body(a, [], None, 1), stop_reason=None, stop_sequence=None))
    for index, block in enumerate(messages_blocks(a)):
        empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}[block["type"]]
        yield "open", event("content_block_start", index=index, content_block=dict(block, **empty))
        if block["type"] == "thinking":
            for piece in a.reasoning:
                yield "other", event("content_block_delta", index=index, delta={"type": "thinking_delta", "thinking": piece})
            yield "other", event("content_block_delta", index=index,
                                 delta={"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] == "text":
            for piece in a.pieces:
                yield "text", event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
        else:
            arguments = next(text for id_, _, text in a.tools if id_ == block["id"])
            half = len(arguments) // 2
            for piece in (arguments[:half], arguments[half:]):
                yield "text", event("content_block_delta", index=index,
                                    delta={"type": "input_json_delta", "partial_json": piece})
        yield "other", event("content_block_stop", index=index)
    yield "finish", event("message_delta", delta={"stop_reason": a.reason(MESSAGES), "stop_sequence": None},
                          **({"usage": messages_usage(OUTPUT_TOKENS)} if a.usage else {}))
    yield "end", event("message_stop")


# ---- Gemini

def gemini_parts(a):
    parts = [{"text": "".join(a.reasoning), "thought": True}] if a.reasoning else []
    if a.pieces:
        parts.append({"text": a.text})
    parts += [{"functionCall": {"id": id_, "name": name, "args": json.loads(arguments)}, "thoughtSignature": "c2lnbmVk"}
              for id_, name, arguments in a.tools]
    return parts


def gemini_body(a, parts=None, last=True):
    usage = {"promptTokenCount": INPUT_TOKENS, "cachedContentTokenCount": CACHED_TOKENS,
             "candidatesTokenCount": OUTPUT_TOKENS - REASONING_TOKENS, "thoughtsTokenCount": REASONING_TOKENS,
             "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS}
    candidate = without_none({"content": {"role": "model", "parts": gemini_parts(a) if parts is None else parts}, "index": 0,
                              "finishReason": a.reason(GEMINI) if last else None})
    return without_none({"candidates": [candidate], "modelVersion": a.model, "responseId": "up",
                         "usageMetadata": usage if a.usage and last else None})


def gemini_frames(a):
    for piece in a.reasoning:
        yield "other", sse(gemini_body(a, [{"text": piece, "thought": True}], False))
    for piece in a.pieces:
        yield "text", sse(gemini_body(a, [{"text": piece}], False))
    for part in gemini_parts(dataclasses.replace(a, pieces=[], reasoning=[])):
        yield "text", sse(gemini_body(a, [part], False))
    yield "finish", sse(gemini_body(a, []))


FRAMES = {CHAT: chat_frames, RESPONSES: responses_frames, MESSAGES: messages_frames, GEMINI: gemini_frames}
BODY = {CHAT: chat_body, RESPONSES: responses_body, MESSAGES: messages_body, GEMINI: gemini_body}


# ---- errors

def error_body(protocol, status, code, message):
    """What the service of a protocol says of an error."""
    if protocol == MESSAGES:
        kind = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
                413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_up"}
    if protocol == GEMINI:
        word = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
                429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}.get(status, "INTERNAL")
        return {"error": {"code": status, "message": message, "status": word}}
    kind = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "invalid_request_error",
            429: "rate_limit_error"}.get(status, "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def error_frame(protocol):
    """A stream that says inside that it failed."""
    if protocol == RESPONSES:
        failed = responses_body(Answer(pieces=[]), "failed", [])
        failed["error"] = {"code": "server_error", "message": "the engine has stopped"}
        return sse({"type": "response.failed", "sequence_number": 99, "response": failed}, "response.failed")
    body = error_body(protocol, 503 if protocol == GEMINI else 500, "engine_stopped", "the engine has stopped")
    return sse(body, "error" if protocol == MESSAGES else None)
