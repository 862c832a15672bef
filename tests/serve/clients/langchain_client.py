"""LangChain's langchain-openai. APIs: chat, responses."""
import langchain_core.messages as lc
import langchain_core.tools
import langchain_openai
import pydantic

import jobs


class Person(pydantic.BaseModel):
    """Someone."""
    name: str
    age: int


@langchain_core.tools.tool
def get_weather(city: str) -> str:
    """The weather of a city"""
    return jobs.weather({"city": city})


def model_of(job):
    more = {"use_responses_api": True, "store": False} if job["api"] == "responses" else {}
    if job["case"] == "reasoning":
        more["reasoning" if job["api"] == "responses" else "reasoning_effort"] = \
            {"effort": "low", "summary": "auto"} if job["api"] == "responses" else "low"
    return langchain_openai.ChatOpenAI(model=job["model"], base_url=job["base"] + "/v1", api_key=job.get("key", "any"),
                                       timeout=job.get("timeout", 30), max_retries=job.get("retries", 0), stream_usage=True, **more)


def messages_of(job):
    content = job["prompt"]
    if job["case"] == "image":
        content = [{"type": "text", "text": job["prompt"]},
                   {"type": "image_url", "image_url": {"url": "data:image/png;base64," + jobs.PICTURE}}]
    return [lc.SystemMessage("Be brief."), lc.HumanMessage(content)]


def ask(model, messages, streamed, seen):
    if streamed:
        answer = None
        for chunk in model.stream(messages):
            answer = chunk if answer is None else answer + chunk
    else:
        answer = model.invoke(messages)
    seen["text"] = answer.text if isinstance(answer.text, str) else answer.text()
    meta = answer.response_metadata
    seen["finish"] = meta.get("finish_reason") or (meta.get("incomplete_details") or {}).get("reason") or meta.get("status")
    usage = answer.usage_metadata
    if usage:
        seen["usage"] = {"in": usage["input_tokens"], "out": usage["output_tokens"],
                         "cached": usage.get("input_token_details", {}).get("cache_read")}
    if isinstance(answer.content, list):
        seen["reasoning"] = "".join(part["text"] for block in answer.content if block.get("type") == "reasoning"
                                    for part in block.get("summary", []))
    return answer


def do(job, seen):
    model, messages = model_of(job), messages_of(job)
    if job["case"] == "schema":
        person = model.with_structured_output(Person, method="json_schema").invoke(messages)
        seen["text"] = person.model_dump_json()
        seen["finish"] = "parsed"
        return
    if job["case"] == "cancel":
        for chunk in model.stream(messages):
            if chunk.content:
                return
    if job["case"] == "tools":
        model = model.bind_tools([get_weather])
    answer = ask(model, messages, job["stream"], seen)
    seen["calls"] = [{"name": call["name"], "arguments": call["args"]} for call in answer.tool_calls]
    if job["case"] == "tools" and answer.tool_calls:
        seen["first_finish"] = seen["finish"]
        results = [get_weather.invoke(call) for call in answer.tool_calls]
        ask(model, [*messages, answer, *results], job["stream"], seen)


jobs.main(do)
