"""Events: the pieces of an answer as they arrive. Providers in Python yield them, too."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar, Dict, List, Optional, Union

from ._error import Error
from ._library import NULL, bytes_of, ffi, lib, make_error, text_of, text_or_none


@dataclass
class Usage:
    """Counts of tokens; None if the provider did not report it. Totals include their parts."""

    input_tokens: Optional[int] = None
    output_tokens: Optional[int] = None
    cache_read_tokens: Optional[int] = None  #: part of the input that was read from the provider's cache
    cache_write_tokens: Optional[int] = None  #: part of the input that was written into that cache
    reasoning_tokens: Optional[int] = None  #: part of the output that was reasoning
    raw: Optional[str] = None  #: the provider's own JSON


@dataclass
class RateLimits:
    """The provider's rate limits, and how much of each is left; None if not reported. Times are in seconds."""

    requests_limit: Optional[int] = None
    requests_remaining: Optional[int] = None
    requests_reset: Optional[float] = None
    tokens_limit: Optional[int] = None
    tokens_remaining: Optional[int] = None
    tokens_reset: Optional[float] = None


@dataclass
class StartEvent:
    """The call begins; `warnings` name the parts of the call that the provider can't express."""

    warnings: List[str] = field(default_factory=list)
    kind: ClassVar[str] = "start"


@dataclass
class MetadataEvent:
    id: Optional[str] = None  #: id of the response
    model: str = ""  #: the model that answered
    provider: str = ""
    request_id: Optional[str] = None
    created: int = 0  #: seconds since 1970; 0 unknown
    rate_limits: Optional[RateLimits] = None
    cached: bool = False
    attempts: int = 0
    kind: ClassVar[str] = "metadata"


@dataclass
class TextEvent:
    """A piece of the answer's text."""

    text: str
    kind: ClassVar[str] = "text"


@dataclass
class ReasoningEvent:
    """A piece of the reasoning, or its signature."""

    text: str
    signature: Optional[str] = None
    kind: ClassVar[str] = "reasoning"


@dataclass
class ToolCallBeginEvent:
    id: str
    name: str
    index: int = 0
    kind: ClassVar[str] = "tool_call_begin"


@dataclass
class ToolCallDeltaEvent:
    """A piece of the arguments of a tool call, which are JSON."""

    arguments: str
    id: str = ""
    name: str = ""
    index: int = 0
    kind: ClassVar[str] = "tool_call_delta"


@dataclass
class ToolCallEvent:
    """A tool call with all its arguments, as JSON."""

    id: str
    name: str
    arguments: str
    index: int = 0
    kind: ClassVar[str] = "tool_call"


@dataclass
class ToolResultEvent:
    """The result of a tool that ran in a tool loop."""

    id: str
    name: str
    text: str
    error: Optional[str] = None  #: the name of the failure's code, or None
    seconds: float = 0.0
    kind: ClassVar[str] = "tool_result"


@dataclass
class MediaEvent:
    """A complete image, audio or file of the answer: in `data`, or at `url`."""

    of: str  #: "image", "audio" or "file"
    media_type: Optional[str] = None
    data: bytes = b""
    url: Optional[str] = None
    kind: ClassVar[str] = "media"


@dataclass
class StateEvent:
    """JSON that only the provider understands. It must be sent back with the answer when the conversation continues."""

    json: str
    provider: str = ""
    of: str = "state"
    kind: ClassVar[str] = "state"


@dataclass
class UsageEvent:
    """The token counts so far. The last of these events has the final counts."""

    usage: Usage
    kind: ClassVar[str] = "usage"


@dataclass
class FinishEvent:
    """The end of the answer, and why the model stopped."""

    reason: str = "stop"  #: "stop", "length", "tool_calls", "content_filter", "other", "pause" or "unknown"
    raw: Optional[str] = None  #: the provider's word
    kind: ClassVar[str] = "finish"


@dataclass
class RestartEvent:
    """Discard everything so far: another attempt follows (option restart_delivery)."""

    error: Optional[Error] = None
    kind: ClassVar[str] = "restart"


@dataclass
class RawEvent:
    """A piece of the body of the answer over HTTP (options raw_events, request_body)."""

    data: bytes
    status: int = 0
    refused: bool = False
    content_type: Optional[str] = None
    kind: ClassVar[str] = "raw"


Event = Union[
    StartEvent, MetadataEvent, TextEvent, ReasoningEvent, ToolCallBeginEvent, ToolCallDeltaEvent, ToolCallEvent,
    ToolResultEvent, MediaEvent, StateEvent, UsageEvent, FinishEvent, RestartEvent, RawEvent,
]

PART_KINDS = {1: "text", 2: "image", 3: "audio", 4: "file", 5: "reasoning", 6: "tool_call", 7: "state"}
PART_NUMBERS = {name: number for number, name in PART_KINDS.items()}
FINISH_REASONS = {"unknown": 0, "stop": 1, "length": 2, "tool_calls": 3, "content_filter": 4, "other": 5, "pause": 6}


def known(number: int) -> Optional[int]:
    return None if number < 0 else number  # type: ignore[no-any-return,unused-ignore]


def _seconds(ms: int) -> Optional[float]:
    return None if ms < 0 else ms / 1000


def make_usage(usage: Any) -> Usage:
    return Usage(known(usage.input_total), known(usage.output_total), known(usage.input_cache_read),
                 known(usage.input_cache_write), known(usage.output_reasoning),
                 None if usage.raw == NULL else text_of(usage.raw, usage.raw_length))


def make_rate_limits(limits: Any) -> RateLimits:
    return RateLimits(known(limits.requests_limit), known(limits.requests_remaining),
                      _seconds(limits.requests_reset_ms), known(limits.tokens_limit),
                      known(limits.tokens_remaining), _seconds(limits.tokens_reset_ms))


def _start(event: Any) -> Event:
    start = event.u.start
    return StartEvent([text_of(start.warnings[i]) for i in range(start.count)])


def _metadata(event: Any) -> Event:
    m = event.u.metadata
    limits = None if m.rate_limits == NULL else make_rate_limits(m.rate_limits)
    return MetadataEvent(text_or_none(m.id), text_of(m.model), text_of(m.provider), text_or_none(m.request_id), m.created,
                         limits, bool(m.cached), m.attempts)


def _text(event: Any) -> Event:
    text = event.u.text
    return TextEvent(ffi.unpack(text.text, text.length).decode("utf-8", "replace"))


def _reasoning(event: Any) -> Event:
    r = event.u.reasoning
    signature = None if r.signature == NULL else text_of(r.signature, r.signature_length)
    return ReasoningEvent(text_of(r.text, r.length), signature)


def _tool_begin(event: Any) -> Event:
    call = event.u.tool_call
    return ToolCallBeginEvent(text_of(call.id), text_of(call.name), event.index)


def _tool_delta(event: Any) -> Event:
    call = event.u.tool_call
    return ToolCallDeltaEvent(text_of(call.arguments, call.length), text_of(call.id), text_of(call.name), event.index)


def _tool_end(event: Any) -> Event:
    call = event.u.tool_call
    return ToolCallEvent(text_of(call.id), text_of(call.name), text_of(call.arguments, call.length), event.index)


def _tool_result(event: Any) -> Event:
    r = event.u.tool_result
    error = text_of(lib.beluga_error_name(r.status)) if r.status else None
    return ToolResultEvent(text_of(r.id), text_of(r.name), text_of(r.text, r.length), error, r.duration_ns / 1e9)


def _media(event: Any) -> Event:
    m = event.u.media
    return MediaEvent(PART_KINDS.get(m.kind, "file"), text_or_none(m.media_type), bytes_of(m.bytes, m.length),
                      text_or_none(m.url))


def _state(event: Any) -> Event:
    s = event.u.state
    return StateEvent(text_of(s.json, s.length), text_of(s.provider), PART_KINDS.get(s.of, "state"))


def _usage(event: Any) -> Event:
    return UsageEvent(make_usage(event.u.usage))


def _finish(event: Any) -> Event:
    f = event.u.finish
    raw = None if f.raw == NULL else text_of(f.raw, f.raw_length)
    return FinishEvent(text_of(lib.beluga_finish_reason_name(f.reason)), raw)


def _restart(event: Any) -> Event:
    return RestartEvent(None if event.u.error == NULL else make_error(event.u.error))


def _raw(event: Any) -> Event:
    r = event.u.raw
    return RawEvent(bytes_of(r.bytes, r.length), r.status, bool(r.refused), text_or_none(r.content_type))


#: The function that reads each kind of event. Other kinds, such as ERROR, do not become events in Python.
READERS: Dict[int, Callable[[Any], Event]] = {
    lib.BELUGA_EVENT_START: _start, lib.BELUGA_EVENT_METADATA: _metadata, lib.BELUGA_EVENT_TEXT: _text,
    lib.BELUGA_EVENT_REASONING: _reasoning, lib.BELUGA_EVENT_TOOL_CALL_BEGIN: _tool_begin,
    lib.BELUGA_EVENT_TOOL_CALL_DELTA: _tool_delta, lib.BELUGA_EVENT_TOOL_CALL_END: _tool_end,
    lib.BELUGA_EVENT_TOOL_RESULT: _tool_result, lib.BELUGA_EVENT_MEDIA: _media, lib.BELUGA_EVENT_STATE: _state,
    lib.BELUGA_EVENT_USAGE: _usage, lib.BELUGA_EVENT_FINISH: _finish, lib.BELUGA_EVENT_RESTART: _restart,
    lib.BELUGA_EVENT_RAW: _raw,
}
