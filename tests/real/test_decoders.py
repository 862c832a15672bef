#!/usr/bin/env python3
"""Our recorded streams, read by the makers' own clients: what no client can read, no service sends.

    tests/real/test_decoders.py

Text, calls of tools and the reason of the end must be those that the fixture expects of us.
"""
import itertools
import json
import os
import re
import sys

from test_clients import CASES, ROOT, Client, Handler, differences, frame_of, serving, skip_without_clients

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import fixtures  # noqa: E402

FIXTURES = os.path.join(ROOT, "tests", "fixtures")
TYPES = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "aws": "application/vnd.amazon.eventstream"}
# What our decoders read and the client does not, or reads otherwise, and why it is there.
LATE = "what comes after the end is not looked at any more"
HALF = "half a character is no character"
BARE = "servers that leave out what the protocol demands are read as far as they go"
HOSTILE = "values of every wrong type are passed over"
PIECES = "servers that send calls in pieces of their own are understood"
ENDS = "an end that the protocol does not have is one where its servers write it"
BROKEN = "arguments that are no JSON are handed on as they came"
OURS_ALONE = {
    "anthropic/stream-arguments-of-nothing": BARE,
    "anthropic/stream-cut-after-the-reason": ENDS,
    "anthropic/stream-done-after-the-reason": ENDS,
    "anthropic/stream-error-after-the-end": LATE,
    "anthropic/stream-head-without-names": BARE,
    "anthropic/stream-long-reason": "a reason that is too long is left out",
    "anthropic/stream-surrogates": HALF,
    "anthropic/stream-tool-bad-arguments": BROKEN,
    "anthropic/stream-tool-input-as-text": "arguments may come as text, as other servers of the protocol give them",
    "anthropic/stream-tools-one-id-two-blocks": PIECES,
    "anthropic/stream-usage-only-at-the-end": BARE,
    "anthropic/stream-without-event-names": BARE,
    "anthropic/stream-without-types": BARE,
    "bedrock/stream-stopped-twice": LATE,
    "cohere/stream-null-arguments": "no arguments are none, whatever word says so",
    "databricks/stream-reasoning": "Databricks' content may be a list, which the client that is asked here does not read",
    "gemini/stream-done": ENDS,
    "gemini/stream-error-after-the-finish": LATE,
    "gemini/stream-hostile": HOSTILE,
    "gemini/stream-surrogates": HALF,
    "gemini/stream-two-candidates": "the first candidate is the one of index 0, wherever it stands",
    "ollama/stream-error-empty": "an error that says nothing is none",
    "ollama/stream-surrogates": HALF,
    "ollama/stream-tool-text-arguments": "arguments may come as text, as other servers of the protocol give them",
    "openai-responses/stream-arguments-done-alone": BARE,
    "openai-responses/stream-completed-but-cut": BARE,
    "openai-responses/stream-completed-without-a-response": BARE,
    "openai-responses/stream-error-after-the-end": LATE,
    "openai-responses/stream-hostile": HOSTILE,
    "openai-responses/stream-incomplete-stop": BARE,
    "openai-responses/stream-incomplete-unknown": BARE,
    "openai-responses/stream-llama-cpp": "llama.cpp does not tell the place of what comes",
    "openai-responses/stream-llama-cpp-tool": "llama.cpp does not tell the place of what comes",
    "openai-responses/stream-many-tools": BARE,
    "openai-responses/stream-neither-ids-nor-places": BARE,
    "openai-responses/stream-neither-ids-nor-places-but-items": BARE,
    "openai-responses/stream-one-call-at-two-places": BARE,
    "openai-responses/stream-output-in-completed-alone": BARE,
    "openai-responses/stream-reasoning-in-the-item-alone": BARE,
    "openai-responses/stream-refusal-done-alone": BARE,
    "openai-responses/stream-text-done-alone": BARE,
    "openai-responses/stream-text-in-the-item-alone": BARE,
    "openai-responses/stream-tool-done-alone": BARE,
    "openai-responses/stream-tool-never-ended": BARE,
    "openai-responses/stream-unknown-things": "what is not known is passed over",
    "openai-responses/stream-without-types": BARE,
    "openai/stream-delta-empty-beside-message": BARE,
    "openai/stream-error-after-finish": LATE,
    "openai/stream-error-that-is-none": "an error that says nothing is none",
    "openai/stream-finish-native-cut": "where the host says that all is well the model's own word counts",
    "openai/stream-function-call": "calls as they were before there were tools",
    "openai/stream-gemini-tools": "Gemini's calls have no index there",
    "openai/stream-hostile": HOSTILE,
    "openai/stream-message-instead-of-delta": BARE,
    "openai/stream-mistral-thinking": "Mistral's content may be a list; its own client reads that in mistral/",
    "openai/stream-nan": "numbers that JSON does not have are read where nobody asks for them",
    "openai/stream-nul-in-names": "a name ends where a C string does",
    "openai/stream-surrogates": HALF,
    "openai/stream-tools-all-index-0": "hosts that count all calls 0 tell them apart by their ids",
    "openai/stream-tools-arguments-repeated-whole": PIECES,
    "openai/stream-tools-arguments-twice-at-once": PIECES,
    "openai/stream-tools-arguments-under-another-index": PIECES,
    "openai/stream-tools-in-one-list-without-indexes": PIECES,
    "openai/stream-tools-name-in-pieces": PIECES,
    "openai/stream-tools-nothing-but-arguments": BARE,
    "openai/stream-tools-null-arguments": PIECES,
    "openai/stream-tools-null-names": PIECES,
    "openai/stream-tools-one-id-goes-on-elsewhere": PIECES,
    "openai/stream-tools-one-id-two-indexes": PIECES,
    "openai/stream-tools-one-id-two-indexes-in-pieces": PIECES,
    "openai/stream-tools-placeholder-and-arguments-at-once": PIECES,
    "openai/stream-tools-placeholder-before-arguments": PIECES,
    "openai/stream-tools-same-again-without-ids": PIECES,
    "openai/stream-tools-second-begins-at-the-first-index": PIECES,
    "openai/stream-unknown-objects": "what is not known is passed over",
    "openai/stream-whole-call": "hosts that send calls whole leave out their index",
}


class Player(Handler):
    """Answers with server.stream."""

    def do_POST(self):
        self.read()
        self.answer(self.server.content_type, self.server.stream)


def unquote(text):
    """What stands between the quotes of a line of events."""
    return re.sub(rb"\\x(..)", lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode()


def expected(events):
    """What our decoder makes of it, or None where that is an error."""
    text, calls = "", {}
    for line in events.decode().split("\n"):
        if line.startswith("error "):
            return None
        if said := re.fullmatch(r'text "(.*)"', line):
            text += unquote(said[1])
        elif call := re.fullmatch(r"tool (\d+) begin (?:\(made up\)|\S+) (.*)", line):
            calls[call[1]] = {"name": call[2], "arguments": ""}
        elif call := re.fullmatch(r'tool (\d+) end "(.*)"', line):
            calls[call[1]]["arguments"] = unquote(call[2])
        elif finish := re.fullmatch(r"finish \S+ \((.*)\)", line):
            answer = {"text": text, "calls": list(calls.values())}
            return answer if finish[1] == "-" else answer | {"reason": finish[1]}
    return None


def meant(answer):
    """The same with arguments as values: they may be written in more than one way."""
    for call in answer.get("calls", []):
        try:
            call["arguments"] = json.loads(call["arguments"])
        except ValueError:
            pass
    return {name: value for name, value in answer.items() if value is not None}


def frames(text):
    """The bytes of a text of frames: of each its headers, a line each, and then its payload."""
    headers, whole = [], b""
    for line in text.splitlines():
        if line.startswith(b":"):
            name, _, value = line.decode()[1:].partition(": ")
            headers.append((":" + name, value))
        else:
            whole += frame_of(headers, line)
            headers = []
    return whole


def stream_of(sections):
    """The type and the bytes of a case."""
    kind, = TYPES.keys() & sections.keys()
    return TYPES[kind], frames(sections[kind]) if kind == "aws" else sections[kind]


def streams():
    """Name and sections of each stream that does not end with an error."""
    for folder in sorted(os.listdir(FIXTURES)):
        if os.path.isdir(os.path.join(FIXTURES, folder)):
            for case, sections in fixtures.walk(FIXTURES, folder):
                if case.startswith("stream-") and expected(sections["events"]):
                    yield f"{folder}/{case}", sections


def reader(case):
    """Whose client reads it: hosts that share OpenAI's protocol have none of their own."""
    folder = os.path.dirname(case[0])
    return folder if folder in CASES else "openai"


def compare(client, server, name, sections):
    server.content_type, server.stream = stream_of(sections)
    try:
        theirs = meant(client.ask(name))
    except AssertionError as problem:
        return [str(problem)]
    return list(differences(meant(expected(sections["events"])), theirs))


def main():
    if skip_without_clients():
        return 0
    cases = sorted(streams(), key=reader)
    number = failed = 0
    print(f"1..{len(cases)}")
    for provider, group in itertools.groupby(cases, reader):
        with serving(provider, Player) as server, Client("decoders.mjs", server) as client:
            for name, sections in group:
                found, why = compare(client, server, name, sections), OURS_ALONE.get(name)
                # What only we can read must stay so, or it is not known any more why it is here.
                good = bool(found) if why else not found
                number += 1
                how = f"by us alone: {why}" if why else "as its maker's client reads it"
                print(f"{'' if good else 'not '}ok {number} - {name} is read {how}", flush=True)
                for line in found if not why else []:
                    print("# " + line.replace("\n", "\n# "))
                failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
