"""libbeluga: one interface for language models, in C, for Python.

    from libbeluga import Model

    for piece in Model("openai/gpt-5-mini").stream("Why is the sea salt?").text:
        print(piece, end="", flush=True)
"""
from __future__ import annotations

from . import errors
from ._client import (cassette_problem, list_providers, load_plugin, log_to, record, register, replay, stop_cassette, telemetry,
                      version)
from ._error import Error
from ._events import (Event, FinishEvent, MediaEvent, MetadataEvent, RateLimits, RawEvent, ReasoningEvent, RestartEvent,
                      StartEvent, StateEvent, TextEvent, ToolCallBeginEvent, ToolCallDeltaEvent, ToolCallEvent,
                      ToolResultEvent, Usage, UsageEvent)
from ._messages import Audio, File, FilePath, Image, Input, Message, Part, Reasoning, State, Text, ToolCall
from ._model import Embeddings, Health, Model, ModelInfo, Stream, TokenCount
from ._provider import Answer, Frame, ProviderCall, Provider, Request
from ._response import Response
from ._tools import Tool, tool

__version__ = version()

__all__ = [
    "Answer", "Audio", "Embeddings", "Error", "Event", "File", "FilePath", "FinishEvent", "Frame", "Health", "Image", "Input",
    "MediaEvent", "Message", "MetadataEvent", "Model", "ModelInfo", "Part", "Provider", "ProviderCall", "RateLimits",
    "RawEvent", "Reasoning", "ReasoningEvent", "Request", "Response", "RestartEvent", "StartEvent", "State", "StateEvent",
    "Stream", "Text", "TextEvent", "TokenCount", "Tool", "ToolCall", "ToolCallBeginEvent", "ToolCallDeltaEvent",
    "ToolCallEvent", "ToolResultEvent", "Usage", "UsageEvent", "cassette_problem", "errors", "list_providers", "load_plugin",
    "log_to", "record", "register", "replay", "stop_cassette", "telemetry", "tool", "version",
]
