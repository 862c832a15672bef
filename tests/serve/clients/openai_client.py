"""The SDK openai for Python. APIs: chat, responses, responses-helper (.stream()), embeddings, models."""
import json

import openai

import jobs

TOOL = {"name": "get_weather", "description": "The weather of a city", "parameters": jobs.WEATHER}


def client(job):
    return openai.OpenAI(base_url=job["base"] + "/v1", api_key=job.get("key", "any"), timeout=job.get("timeout", 30),
                         max_retries=job.get("retries", 0))


# ---- Chat Completions

def chat_request(job):
    content = job["prompt"]
    if job["case"] == "image":
        content = [{"type": "text", "text": job["prompt"]},
                   {"type": "image_url", "image_url": {"url": "data:image/png;base64," + jobs.PICTURE}}]
    request = {"model": job["model"], "messages": [{"role": "system", "content": "Be brief."},
                                                   {"role": "user", "content": content}]}
    if job["case"] == "tools":
        request["tools"] = [{"type": "function", "function": TOOL}]
    if job["case"] == "schema":
        request["response_format"] = {"type": "json_schema", "json_schema": {"name": "person", "schema": jobs.PERSON,
                                                                             "strict": True}}
    if job["case"] == "reasoning":
        request["reasoning_effort"] = "low"
    return request


def chat_usage(usage):
    if not usage:
        return None
    details = usage.prompt_tokens_details
    return {"in": usage.prompt_tokens, "out": usage.completion_tokens, "cached": details.cached_tokens if details else None}


def chat_whole(c, request, seen):
    answer = c.chat.completions.create(**request)
    choice = answer.choices[0]
    seen["text"] = choice.message.content or ""
    seen["reasoning"] = getattr(choice.message, "reasoning_content", None)
    seen["finish"] = choice.finish_reason
    seen["usage"] = chat_usage(answer.usage)
    return [call.model_dump(exclude_none=True) for call in choice.message.tool_calls or []]


def chat_streamed(c, request, seen, until_delta=False):
    calls = {}
    seen["reasoning"] = ""
    stream = c.chat.completions.create(**request, stream=True, stream_options={"include_usage": True})
    for chunk in stream:
        seen["model"] = chunk.model
        if chunk.usage:
            seen["usage"] = chat_usage(chunk.usage)
        for choice in chunk.choices:
            seen["text"] += choice.delta.content or ""
            seen["reasoning"] += getattr(choice.delta, "reasoning_content", None) or ""
            seen["finish"] = choice.finish_reason or seen.get("finish")
            for piece in choice.delta.tool_calls or []:
                call = calls.setdefault(piece.index, {"type": "function", "id": "", "function": {"name": "", "arguments": ""}})
                call["id"] += piece.id or ""
                call["function"]["name"] += piece.function.name or ""
                call["function"]["arguments"] += piece.function.arguments or ""
            if until_delta and seen["text"]:
                stream.close()
                return []
    return list(calls.values())


def chat(job, seen):
    c, request = client(job), chat_request(job)
    ask = chat_streamed if job["stream"] else chat_whole
    if job["case"] == "cancel":
        chat_streamed(c, request, seen, True)
        return
    calls = ask(c, request, seen)
    seen["calls"] = [call["function"] for call in calls]
    if job["case"] == "tools" and calls:
        seen["first_finish"] = seen["finish"]
        seen["text"] = ""
        request["messages"].append({"role": "assistant", "tool_calls": calls})
        request["messages"] += [{"role": "tool", "tool_call_id": call["id"],
                                 "content": jobs.weather(call["function"]["arguments"])} for call in calls]
        ask(c, request, seen)


# ---- Responses

def responses_request(job):
    content = [{"type": "input_text", "text": job["prompt"]}]
    if job["case"] == "image":
        content.append({"type": "input_image", "image_url": "data:image/png;base64," + jobs.PICTURE, "detail": "auto"})
    request = {"model": job["model"], "instructions": "Be brief.", "input": [{"role": "user", "content": content}],
               "store": False}
    if job["case"] == "tools":
        request["tools"] = [{"type": "function", "strict": False, **TOOL}]
    if job["case"] == "schema":
        request["text"] = {"format": {"type": "json_schema", "name": "person", "schema": jobs.PERSON, "strict": True}}
    if job["case"] == "reasoning":
        request["reasoning"] = {"effort": "low", "summary": "auto"}
        request["include"] = ["reasoning.encrypted_content"]
    return request


def take_response(answer, seen):
    """What a final response says. Returns the calls."""
    if answer.error:
        raise RuntimeError(f"{answer.status}: {answer.error.code}: {answer.error.message}")
    seen["text"] = answer.output_text
    details = answer.incomplete_details
    seen["finish"] = (details.reason if details else None) or answer.status
    if answer.usage:
        seen["usage"] = {"in": answer.usage.input_tokens, "out": answer.usage.output_tokens,
                         "cached": answer.usage.input_tokens_details.cached_tokens}
    seen["reasoning"] = "".join(part.text for item in answer.output if item.type == "reasoning" for part in item.summary)
    seen["items"] = [item.type for item in answer.output]
    return [item for item in answer.output if item.type == "function_call"]


def responses_streamed(c, request, seen, until_delta=False):
    """As a program does that reads the events itself, and trusts in the last one."""
    stream, last = c.responses.create(**request, stream=True), None
    for event in stream:
        if event.type == "response.output_text.delta":
            seen["text"] += event.delta
            if until_delta:
                stream.close()
                return [], []
        elif event.type in ("response.completed", "response.incomplete", "response.failed"):
            last = event.response
        elif event.type == "error":
            raise RuntimeError(event.message)
    if last:
        return take_response(last, seen), last.output
    return [], []


def responses_helper(c, request, seen, until_delta=False):
    with c.responses.stream(**request) as stream:
        for event in stream:
            if until_delta and event.type == "response.output_text.delta":
                return [], []
            if event.type in ("response.failed", "response.incomplete"):  # which get_final_response does not take
                return take_response(event.response, seen), event.response.output
        last = stream.get_final_response()
    return take_response(last, seen), last.output


def responses_whole(c, request, seen):
    last = c.responses.create(**request)
    return take_response(last, seen), last.output


def responses(job, seen):
    c, request = client(job), responses_request(job)
    ask = responses_whole
    if job["stream"]:
        ask = responses_helper if job["api"] == "responses-helper" else responses_streamed
    if job["case"] == "cancel":
        ask(c, request, seen, True)
        return
    calls, output = ask(c, request, seen)
    seen["calls"] = [{"name": call.name, "arguments": call.arguments} for call in calls]
    if job["case"] == "tools" and calls:
        seen["first_finish"] = seen["finish"]
        seen["text"] = ""
        request["input"] += [item.model_dump(exclude_none=True) for item in output]
        request["input"] += [{"type": "function_call_output", "call_id": call.call_id,
                              "output": jobs.weather(call.arguments)} for call in calls]
        ask(c, request, seen)


# ---- the rest

def do(job, seen):
    if job["api"] == "chat":
        chat(job, seen)
    elif job["api"] in ("responses", "responses-helper"):
        responses(job, seen)
    elif job["api"] == "embeddings":
        answer = client(job).embeddings.create(model=job["model"], input=["a", "of three"])
        seen["vectors"] = [one.embedding for one in answer.data]
        seen["usage"] = {"in": answer.usage.prompt_tokens}
    else:
        listed = list(client(job).models.list())
        seen["models"] = [json.loads(one.model_dump_json()) for one in listed]


jobs.main(do)
