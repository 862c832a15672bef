"""Whether what a client saw is right."""
import json

import faults
import shapes

HALF_TEXT = "".join(shapes.PIECES[:faults.HALF])
CUT_BY_LENGTH = ("length", "max_tokens", "max_output_tokens", "incomplete")
FILTERED = ("content_filter", "content-filter", "refusal")
# What of a fault a fallback makes whole: before the first content, and, where streams are held, at any time.
NEVER = {"400", "401", "403", "policy", "length", "filter"}
AFTER_CONTENT = {"cut", "cut-late", "reset", "clean-end", "no-finish", "in-band", "error-event", "malformed", "stall", "tool-cut",
                 "wrong-type"}


def right_of(fault, streamed, mode):
    """What is right for a fault: "whole", "error", "partial", "either"."""
    if mode == "plain" or fault.right in ("whole", "partial") or fault.name in NEVER:
        return fault.right
    if fault.right == "either":
        return "either"
    if mode == "first_content" and streamed and fault.name in AFTER_CONTENT:
        return "either"  # content that has come with the failure was not sent, so that another model may still answer
    return "whole"


def whole_text(fault, text):
    return text == ("" if fault.name == "empty" else shapes.TEXT)


def ending(fault, seen):
    """A text that is not whole must say so."""
    if seen["outcome"] == "error":
        return None
    reasons = CUT_BY_LENGTH if fault.name == "length" else FILTERED
    if seen.get("finish") not in reasons:
        return f"its finish is {seen.get('finish')!r}"
    return None if seen["text"] == HALF_TEXT else "not the half that the model wrote"


def meaning(fault, seen):
    """Whether an error kept its meaning."""
    said = f"{seen.get('error')} {json.dumps(seen.get('body'))}"
    if fault.kind.startswith("status") and str(seen.get("status")) != fault.kind.split()[1]:
        return f"status {seen.get('status')}, not {fault.kind.split()[1]}"
    if fault.kind == "too long" and "context_length_exceeded" not in said and "prompt is too long" not in said:
        return "it does not say that the prompt was too long"
    if fault.kind == "policy" and "safety system" not in said:
        return "the reason of the provider is lost"
    return None


def needs_usage(fault, job):
    """Clients of Messages fail where an answer has no usage, with or without a gateway that passes it through."""
    return fault.name == "no-usage" and job["model"].startswith("messages") and job["api"].startswith("messages")


def of_fault(fault, job, seen, upstream_seen, mode):
    """What is wrong with it; None: nothing."""
    right = right_of(fault, job["stream"], mode)
    failed = seen["outcome"] == "error"
    if not failed and right != "partial" and not whole_text(fault, seen["text"]):
        return "HALF AN ANSWER LOOKS WHOLE"
    if failed and needs_usage(fault, job):
        return None
    if right == "whole" and failed:
        return "an error, though the answer was whole"
    if right == "error" and not failed:
        return "no error, though nothing proves that it is whole"
    if right == "partial":
        return ending(fault, seen)
    attempts = len(upstream_seen.requests)
    if fault.attempts and mode == "plain" and attempts != fault.attempts:
        return f"{attempts} attempts, not {fault.attempts}"
    if failed and mode == "plain":
        return meaning(fault, seen)
    return None


# ---- the cases without a fault

def usage_of(job, protocol):
    if job["client"].startswith("anthropic"):  # cached tokens are not among those of the input there
        return {"in": shapes.INPUT_TOKENS - shapes.CACHED_TOKENS, "out": shapes.OUTPUT_TOKENS, "cached": shapes.CACHED_TOKENS}
    return {"in": shapes.INPUT_TOKENS, "out": shapes.OUTPUT_TOKENS, "cached": shapes.CACHED_TOKENS}


def arguments(call):
    given = call["arguments"]
    return json.loads(given) if isinstance(given, str) else given


def of_tools(job, seen):
    cities = ["Oslo"] if job["model"].endswith("tools") else ["Oslo", "Bergen"]
    called = [(call["name"], arguments(call)) for call in seen.get("calls") or []]
    if called != [("get_weather", {"city": city}) for city in cities]:
        return f"the calls were {called}"
    if seen["text"] != "It is " + " and ".join(f"{len(city)} degrees in {city}" for city in cities) + ".":
        return "the results did not arrive"
    if seen.get("first_finish") not in ("tool_calls", "tool-calls", "tool_use", "completed"):
        # Vercel says "stop" of a step that ended with calls in one of its versions; it has run the tools all the same.
        return None if job["client"] == "vercel" else f"the first finish is {seen.get('first_finish')!r}"
    return None


def of_reasoning(job, seen):
    shows = job["client"] not in ("langchain", "vercel") or not job["api"].startswith("chat")
    if shows and not job["api"].endswith("helper") and seen.get("reasoning") != "Let me think.":
        return f"the reasoning is {seen.get('reasoning')!r}"
    return None if seen["text"] == shapes.TEXT else "not the text"


def of_text(job, seen, protocol):
    if seen["text"] != shapes.TEXT:
        return "not the text"
    if seen.get("usage") != usage_of(job, protocol):
        return f"the usage is {seen.get('usage')}, not {usage_of(job, protocol)}"
    return None


def of_case(job, seen, protocol):
    """What is wrong with a case of a model that does not fail."""
    if seen["outcome"] == "error":
        return "an error"
    if job["case"] == "tools":
        return of_tools(job, seen)
    if job["case"] == "reasoning":
        return of_reasoning(job, seen)
    if job["case"] == "image":
        return None if seen["text"] == "I see image/png, 69 bytes" else "the image did not arrive"
    if job["case"] == "schema":
        try:
            return None if json.loads(seen["text"]) == {"name": "Ada", "age": 36} else "not the object"
        except ValueError:
            return "the schema did not arrive"
    return of_text(job, seen, protocol)


# ---- the rest

def of_embeddings(seen):
    right = [[0.5, -0.25, 1.0], [0.5, -0.25, 8.0]]
    return None if seen.get("vectors") == right else f"the vectors are {seen.get('vectors')}"


def of_models(seen):
    names = [one["id"] for one in seen.get("models") or []]
    return None if "chat-ok" in names and "mock" in names else f"the models are {names[:10]}"


def of_status(seen, status):
    if seen["outcome"] != "error":
        return "no error"
    return None if seen.get("status") == status else f"status {seen.get('status')}, not {status}"
