"""The SDK anthropic for Python. APIs: messages, messages-helper (.stream()), models, count."""
import anthropic

import jobs


def client(job):
    return anthropic.Anthropic(base_url=job["base"], auth_token=job.get("key", "any"), api_key=None,
                               timeout=job.get("timeout", 30), max_retries=job.get("retries", 0))


def request_of(job):
    content = [{"type": "text", "text": job["prompt"]}]
    if job["case"] == "image":
        content.append({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": jobs.PICTURE}})
    request = {"model": job["model"], "max_tokens": 2000, "system": "Be brief.",
               "messages": [{"role": "user", "content": content}]}
    if job["case"] == "tools":
        request["tools"] = [{"name": "get_weather", "description": "The weather of a city", "input_schema": jobs.WEATHER}]
    if job["case"] == "schema":
        request["output_config"] = {"format": {"type": "json_schema", "schema": jobs.PERSON}}
    if job["case"] == "reasoning":
        request["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    return request


def take_message(message, seen):
    seen["text"] = "".join(block.text for block in message.content if block.type == "text")
    seen["reasoning"] = "".join(block.thinking for block in message.content if block.type == "thinking")
    seen["signatures"] = [block.signature for block in message.content if block.type == "thinking"]
    seen["finish"] = message.stop_reason
    usage = message.usage
    if usage:
        seen["usage"] = {"in": usage.input_tokens, "out": usage.output_tokens, "cached": usage.cache_read_input_tokens}
    return [block.to_dict() for block in message.content]


def whole(c, request, seen):
    return take_message(c.messages.create(**request), seen)


def helper(c, request, seen, until_delta=False):
    with c.messages.stream(**request) as stream:
        for event in stream:
            if until_delta and event.type == "text":
                return []
        return take_message(stream.get_final_message(), seen)


def by_events(c, request, seen, until_delta=False):
    """As a program does that reads the events itself. It does not look for the last one."""
    blocks, arguments = {}, {}
    stream = c.messages.create(**request, stream=True)
    for event in stream:
        if event.type == "content_block_start":
            blocks[event.index] = event.content_block.to_dict()
        elif event.type == "content_block_delta":
            block, delta = blocks[event.index], event.delta
            if delta.type == "text_delta":
                block["text"] += delta.text
            elif delta.type == "thinking_delta":
                block["thinking"] += delta.thinking
            elif delta.type == "signature_delta":
                block["signature"] = delta.signature
            elif delta.type == "input_json_delta":
                arguments[event.index] = arguments.get(event.index, "") + delta.partial_json
            if until_delta and delta.type == "text_delta":
                stream.close()
                return []
        elif event.type == "message_delta":
            seen["finish"] = event.delta.stop_reason or seen.get("finish")
            if event.usage:
                seen["usage"] = {"in": event.usage.input_tokens, "out": event.usage.output_tokens,
                                 "cached": event.usage.cache_read_input_tokens}
        elif event.type == "message_stop":
            seen["stopped"] = True
    for index, text in arguments.items():
        blocks[index]["input"] = jobs.json.loads(text or "{}")
    blocks = [blocks[index] for index in sorted(blocks)]
    seen["text"] = "".join(block.get("text", "") for block in blocks)
    seen["reasoning"] = "".join(block.get("thinking", "") for block in blocks)
    seen["signatures"] = [block["signature"] for block in blocks if block["type"] == "thinking"]
    return blocks


def messages(job, seen):
    c, request = client(job), request_of(job)
    ask = whole
    if job["stream"]:
        ask = helper if job["api"] == "messages-helper" else by_events
    if job["case"] == "cancel":
        ask(c, request, seen, True)
        return
    blocks = ask(c, request, seen)
    calls = [block for block in blocks if block["type"] == "tool_use"]
    seen["calls"] = [{"name": call["name"], "arguments": call["input"]} for call in calls]
    if job["case"] == "tools" and calls:
        seen["first_finish"] = seen["finish"]
        request["messages"].append({"role": "assistant", "content": blocks})
        request["messages"].append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call["id"], "content": jobs.weather(call["input"])} for call in calls]})
        ask(c, request, seen)


def do(job, seen):
    if job["api"] == "models":
        seen["models"] = [one.to_dict() for one in client(job).models.list()]
    elif job["api"] == "count":
        counted = client(job).messages.count_tokens(model=job["model"], messages=[{"role": "user", "content": job["prompt"]}])
        seen["count"] = counted.input_tokens
    else:
        messages(job, seen)


jobs.main(do)
