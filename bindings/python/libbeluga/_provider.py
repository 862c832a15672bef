"""Providers that are written in Python.

A provider for an HTTP service converts a call to a request, and the data from the server to events. Any other provider,
such as an engine in this process, yields the events of its answer itself. The library does the other work: connections,
retries, timeouts, streams, batches, tools, logs. An exception becomes the error of the call.
"""
from __future__ import annotations

import contextlib
import json as _json
import marshal
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from ._callbacks import make_immortal
from ._error import Error
from ._events import (FINISH_REASONS, PART_NUMBERS, Event, FinishEvent, MediaEvent, MetadataEvent, ReasoningEvent, StateEvent,
                      TextEvent, ToolCallBeginEvent, ToolCallDeltaEvent, ToolCallEvent, Usage, UsageEvent)
from ._library import (NULL, bytes_of, callback, check, encode, encode_name, ffi, lib, make_error, new_error, remember, set_error,
                       text_of, text_or_none, words_of)
from ._messages import Message, message_of_c
from ._options import TABLE
from .errors import InvalidInputError, InvalidResponseError, LimitExceededError

FRAMINGS = {"sse": 0, "ndjson": 1, "raw": 3}
#: What a provider may yield: an event, token counts, an error, or a str, which is a piece of the text.
Yielded = Union[Event, Usage, Error, str]


@dataclass
class Request:
    """A request to a service. `path` is appended to the base URL; `url` replaces both."""

    path: str = ""
    json: Any = None  #: the body: any value that json can write
    body: Optional[bytes] = None  #: or the body as bytes
    content_type: Optional[str] = None  #: media type of `body`
    method: Optional[str] = None  #: "POST" unless set
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    url: Optional[str] = None
    warnings: Sequence[str] = ()  #: parts of the call that the service can't express


@dataclass
class Frame:
    """One frame of a stream: an event of SSE, a line of NDJSON, or a piece of the body as received."""

    event: str
    data: bytes

    def json(self) -> Any:
        return _json.loads(self.data)


class _Lent:
    """An object of the library that a function of a provider gets. When that function has returned, it may be freed.

    `with` makes it usable, and waits at its end for another thread that uses it right now.
    """

    def __init__(self, pointer: Any, name: str) -> None:
        self._pointer = pointer
        self._name = name
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def _use(self) -> Iterator[Any]:
        with self._lock:
            if self._pointer == NULL:
                raise InvalidInputError(f"this {self._name} is over: use it only in the function that got it, and keep what "
                                        "you need later")
            yield self._pointer

    def __enter__(self: "_L") -> "_L":
        return self

    def __exit__(self, *exception: Any) -> None:
        with self._lock:
            self._pointer = NULL


_L = TypeVar("_L", bound=_Lent)


class Answer(_Lent):
    """Status and headers of a server's answer. `decode_error` also gets the first 64 KiB of its body."""

    def __init__(self, c_response: Any) -> None:
        super().__init__(c_response, "answer")
        length = ffi.new("size_t *")
        body = lib.beluga_http_response_body(c_response, length)
        self.status = int(lib.beluga_http_response_status(c_response))
        self.body = bytes_of(body, length[0])

    def header(self, name: str) -> Optional[str]:
        """Return the value of a header. Only while the function runs that got this answer: later InvalidInputError."""
        with self._use() as c_response:
            return text_or_none(lib.beluga_http_response_header(c_response, encode_name("header", name)))

    def json(self) -> Any:
        return _json.loads(self.body)


class ProviderCall(_Lent):
    """A call to a provider. Valid only while the function runs that got it: later everything raises InvalidInputError."""

    def __init__(self, c_call: Any) -> None:
        super().__init__(c_call, "call")

    @property
    def model(self) -> str:
        with self._use() as c_call:
            return text_of(lib.beluga_call_model(c_call))

    @property
    def is_streamed(self) -> bool:
        """Whether to ask for a streamed answer."""
        with self._use() as c_call:
            return bool(lib.beluga_call_is_streamed(c_call))

    @property
    def messages(self) -> List[Message]:
        with self._use() as c_call:
            count = lib.beluga_call_message_count(c_call)
            return [message_of_c(lib.beluga_call_message(c_call, i)) for i in range(count)]

    @property
    def tools(self) -> List[Dict[str, Any]]:
        """The bound tools: name, description, parameters (a schema), strict."""
        with self._use() as c_call:
            return [self._tool(lib.beluga_call_tool(c_call, i)) for i in range(lib.beluga_call_tool_count(c_call))]

    @staticmethod
    def _tool(c_tool: Any) -> Dict[str, Any]:
        length = ffi.new("size_t *")
        parameters = lib.beluga_tool_parameters(c_tool, length)
        return {"name": text_of(lib.beluga_tool_name(c_tool)), "description": text_of(lib.beluga_tool_description(c_tool)),
                "parameters": _json.loads(text_of(parameters, length[0])), "strict": bool(lib.beluga_tool_is_strict(c_tool))}

    @property
    def inputs(self) -> List[str]:
        """The texts to embed."""
        found, length = [], ffi.new("size_t *")
        with self._use() as c_call:
            for i in range(lib.beluga_call_input_count(c_call)):
                text = lib.beluga_call_input(c_call, i, length)
                found.append(text_of(text, length[0]))
        return found

    def option(self, name: str, otherwise: Any = None) -> Any:
        """Return an option, such as "temperature", or one of the provider's own, such as "acme.region". Times are in seconds.

        If the caller set an option that changes the answer and the provider does not read it here, the library warns.
        """
        with self._use() as c_call:
            found = self._option(c_call, name)
        return otherwise if found is None else found

    def _option(self, c_call: Any, name: str) -> Any:
        if name not in TABLE:
            length = ffi.new("size_t *")
            own = lib.beluga_call_get_own_string(c_call, encode_name("option", name), length)
            return None if own == NULL else text_of(own, length[0])
        key, kind = TABLE[name]
        if kind == lib.BELUGA_OPTION_LIST:
            return self._list(c_call, key) or None
        if kind == lib.BELUGA_OPTION_STRING:
            length = ffi.new("size_t *")
            text = lib.beluga_call_get_string(c_call, key, length)
            return None if text == NULL else text_of(text, length[0])
        return self._number(c_call, key, kind)

    @staticmethod
    def _number(c_call: Any, key: int, kind: int) -> Any:
        if kind == lib.BELUGA_OPTION_DOUBLE:
            value, function = ffi.new("double *"), lib.beluga_call_get_double
        elif kind == lib.BELUGA_OPTION_BOOL:
            value, function = ffi.new("bool *"), lib.beluga_call_get_bool
        else:
            value, function = ffi.new("int64_t *"), lib.beluga_call_get_int
        if not function(c_call, key, value):
            return None
        return value[0] / 1000 if kind == lib.BELUGA_OPTION_DURATION else value[0]

    @staticmethod
    def _list(c_call: Any, key: int) -> List[str]:
        found: List[str] = []
        length = ffi.new("size_t *")
        while True:
            item = lib.beluga_call_get_item(c_call, key, len(found), length)
            if item == NULL:
                return found
            found.append(text_of(item, length[0]))


class Provider:
    """The base of providers in Python. Set `name`, and write either `answer` or `encode_request` and a decoder."""

    name: str = ""  #: 1–47 of a–z 0–9 _ - ; users write it before the model's name
    base_url: Optional[str] = None
    default_model: Optional[str] = None
    #: any of "stream", "tools", "parallel_tools", "reasoning", "images", "audio", "files", "schema", "cache", "no_key", …
    capabilities: Sequence[str] = ()
    framing: str = "sse"  #: format of streamed bodies: "sse", "ndjson" or "raw"
    key_variables: Sequence[str] = ()  #: environment variables that may hold the key
    url_variables: Sequence[str] = ()  #: environment variables that may hold the base URL
    protocol: Optional[str] = None  #: what its protocol is called, for people: "Chat Completions"
    state_size: int = 4096  #: maximum bytes of a decoder's state; at most 65,536

    # --- a provider that answers by itself ---------------------------------------------------------------------------

    def answer(self, call: ProviderCall) -> Iterable[Yielded]:
        """Yield the answer, piece by piece; it ends when the function returns. It runs on its own thread and may block.

        Without a FinishEvent, which is the last event, the finish reason is "stop".
        """
        raise NotImplementedError

    # --- a provider of a service over HTTP ---------------------------------------------------------------------------

    def encode_request(self, call: ProviderCall) -> Request:
        raise NotImplementedError

    def decode_response(self, body: bytes) -> Iterable[Yielded]:
        """Yield the events of a whole answer, including FinishEvent."""
        raise NotImplementedError

    def decode_event(self, frame: Frame, state: Dict[str, Any]) -> Optional[Iterable[Yielded]]:
        """Yield the events of one frame of a stream.

        `state` is a dict of plain values that this attempt keeps from frame to frame. FinishEvent proves that the answer
        is complete: without it the call fails.
        """
        raise NotImplementedError

    def decode_end(self, state: Dict[str, Any]) -> Optional[Iterable[Yielded]]:
        """Yield events that are known only at the end of the stream."""
        raise NotImplementedError

    def decode_error(self, answer: Answer, error: Error) -> Optional[Error]:
        """Return a better error than `error`, which was made from the status, or None to keep it."""
        raise NotImplementedError

    def authorize(self, key: str) -> Mapping[str, str]:
        """Return the headers that contain the key. Without this method: "Authorization: Bearer KEY"."""
        raise NotImplementedError

    def encode_list_models(self, call: ProviderCall) -> Request:
        raise NotImplementedError

    def decode_list_models(self, body: bytes) -> Iterable[str]:
        raise NotImplementedError

    def encode_embed(self, call: ProviderCall) -> Request:
        raise NotImplementedError

    def decode_embed(self, body: bytes) -> Iterable[Any]:
        """Yield the vector of each text, in order, and perhaps a Usage."""
        raise NotImplementedError


# --- emitting --------------------------------------------------------------------------------------------------------


def _emit_usage(emit: Any, usage: Usage) -> int:
    c_usage = ffi.new("beluga_usage *")
    lib.beluga_usage_init(c_usage)
    for member, value in (("input_total", usage.input_tokens), ("output_total", usage.output_tokens),
                          ("input_cache_read", usage.cache_read_tokens), ("input_cache_write", usage.cache_write_tokens),
                          ("output_reasoning", usage.reasoning_tokens)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
            raise InvalidResponseError(f"a count of tokens is a whole number from 0, not {value!r}")
        setattr(c_usage, member, value)
    return lib.beluga_emit_usage(emit, c_usage)  # type: ignore[no-any-return]


def _emit_error(emit: Any, error: Error) -> int:
    c_error = new_error()
    set_error(c_error, error, lib.BELUGA_ERROR_INTERNAL)
    return lib.beluga_emit_error(emit, c_error)  # type: ignore[no-any-return]


def _emit_text(emit: Any, text: str) -> int:
    data = encode(text)
    return lib.beluga_emit_text(emit, data, len(data))  # type: ignore[no-any-return]


def _emit_reasoning(emit: Any, event: ReasoningEvent) -> int:
    data = encode(event.text)
    status = lib.beluga_emit_reasoning(emit, data, len(data))
    if status == 0 and event.signature is not None:
        data = encode(event.signature)
        status = lib.beluga_emit_reasoning_signature(emit, data, len(data))
    return status  # type: ignore[no-any-return]


def _emit_tool_call(emit: Any, event: ToolCallEvent) -> int:
    data = encode(event.arguments)
    return lib.beluga_emit_tool_call(  # type: ignore[no-any-return]
        emit, event.index, encode_name("id", event.id), encode_name("name", event.name), data, len(data))


def _emit_media(emit: Any, event: MediaEvent) -> int:
    media_type = NULL if event.media_type is None else encode_name("media_type", event.media_type)
    number = PART_NUMBERS.get(event.of, 0)
    if event.url is not None:
        return lib.beluga_emit_media_url(emit, number, media_type, encode_name("url", event.url))  # type: ignore[no-any-return]
    return lib.beluga_emit_media(emit, number, media_type, event.data, len(event.data))  # type: ignore[no-any-return]


def _emit_delta(emit: Any, event: ToolCallDeltaEvent) -> int:
    data = encode(event.arguments)
    return lib.beluga_emit_tool_call_delta(emit, event.index, data, len(data))  # type: ignore[no-any-return]


def _emit_state(emit: Any, event: StateEvent) -> int:
    data = encode(event.json)
    return lib.beluga_emit_state(emit, PART_NUMBERS.get(event.of, 0), 0, data, len(data))  # type: ignore[no-any-return]


def _name_or_null(what: str, text: Optional[str]) -> Any:
    return NULL if not text else encode_name(what, text)


def _emit_finish(emit: Any, event: FinishEvent) -> int:
    if event.reason not in FINISH_REASONS:
        raise InvalidResponseError(f"the reason of FinishEvent is one of {', '.join(FINISH_REASONS)}, not {event.reason!r}")
    return lib.beluga_emit_finish(  # type: ignore[no-any-return]
        emit, FINISH_REASONS[event.reason], _name_or_null("raw", event.raw))


_EMITTERS: Dict[type, Callable[[Any, Any], int]] = {
    str: _emit_text,
    TextEvent: lambda emit, e: _emit_text(emit, e.text),
    ReasoningEvent: _emit_reasoning,
    ToolCallEvent: _emit_tool_call,
    ToolCallBeginEvent: lambda emit, e: lib.beluga_emit_tool_call_begin(emit, e.index, encode_name("id", e.id),
                                                                        encode_name("name", e.name)),
    ToolCallDeltaEvent: _emit_delta,
    MediaEvent: _emit_media,
    StateEvent: _emit_state,
    Usage: _emit_usage,
    UsageEvent: lambda emit, e: _emit_usage(emit, e.usage),
    MetadataEvent: lambda emit, e: lib.beluga_emit_metadata(emit, _name_or_null("id", e.id), _name_or_null("model", e.model),
                                                            e.created),
    FinishEvent: _emit_finish,
}


def emit_one(emit: Any, thing: Any) -> int:
    if isinstance(thing, Error):
        return _emit_error(emit, thing)
    emitter = _EMITTERS.get(type(thing))
    if emitter is None:
        raise InvalidResponseError(f"a provider yields events, not {type(thing).__name__}")
    return emitter(emit, thing)


def emit_all(emit: Any, things: Optional[Iterable[Any]], emitter: Callable[[Any, Any], int] = emit_one) -> int:
    """Emit everything that a generator yields, or stop when the library reports that the call is over."""
    if things is None:
        return 0
    if isinstance(things, (str, bytes)):
        things = [things]
    try:
        for thing in things:
            status = emitter(emit, thing)
            if status:
                return status
    finally:
        close = getattr(things, "close", None)
        if close is not None:
            close()
    return 0


def _fail(emit: Any, error: BaseException) -> int:
    """End the call with the error of an exception in a decoder."""
    if isinstance(error, Error) and error.code:
        return _emit_error(emit, error)
    code = lib.BELUGA_ERROR_MALFORMED_RESPONSE if isinstance(error, ValueError) else lib.BELUGA_ERROR_INVALID_RESPONSE
    words = words_of(error)
    remember(error, words)
    data = words.encode("utf-8", "replace")
    return lib.beluga_emit_failure_text(emit, code, NULL, data, len(data))  # type: ignore[no-any-return]


# --- the functions of the table --------------------------------------------------------------------------------------

_providers: Dict[bytes, Tuple[Provider, Any]] = {}


def _of_call(c_call: Any) -> Provider:
    return _providers[ffi.string(lib.beluga_call_provider(c_call).name)][0]


def _of_emit(emit: Any) -> Provider:
    c_call = lib.beluga_emit_call(emit)
    if c_call == NULL:
        raise InvalidResponseError("the call is over")
    return _of_call(c_call)


def _fill(c_request: Any, request: Request) -> None:
    if request.method is not None:
        lib.beluga_http_request_set_method(c_request, encode_name("method", request.method))
    if request.url is not None:
        lib.beluga_http_request_set_url(c_request, encode_name("url", request.url))
    else:
        lib.beluga_http_request_set_path(c_request, encode_name("path", request.path))
    for name, value in request.query.items():
        lib.beluga_http_request_add_query(c_request, encode_name("query", name), encode_name("query", str(value)))
    for name, value in request.headers.items():
        lib.beluga_http_request_set_header(c_request, encode_name("header", name), encode_name("header", value))
    if request.json is not None:
        data = encode(_json.dumps(request.json, ensure_ascii=False))
        lib.beluga_json_put_raw(lib.beluga_http_request_json(c_request), NULL, data, len(data))
    if request.body is not None:
        kind = NULL if request.content_type is None else encode_name("content_type", request.content_type)
        lib.beluga_http_request_set_body(c_request, kind, request.body, len(request.body))
    for warning in request.warnings:
        data = warning.encode("utf-8", "replace")
        lib.beluga_http_request_warn_text(c_request, data, len(data))


def _encode(c_call: Any, c_request: Any, c_error: Any, method: str) -> int:
    try:
        with ProviderCall(c_call) as call:
            request = getattr(_of_call(c_call), method)(call)
        if not isinstance(request, Request):
            raise TypeError(f"{method} returns a Request, not {type(request).__name__}")
        _fill(c_request, request)
        return 0
    except BaseException as error:
        return set_error(c_error, error, lib.BELUGA_ERROR_INVALID_REQUEST)


_ENCODER = "int(beluga_call *, beluga_http_request *, beluga_error *)"


@callback(_ENCODER, error=-14)
def _encode_request(c_call: Any, request: Any, error: Any) -> int:
    return _encode(c_call, request, error, "encode_request")


@callback(_ENCODER, error=-14)
def _encode_list_models(c_call: Any, request: Any, error: Any) -> int:
    return _encode(c_call, request, error, "encode_list_models")


@callback(_ENCODER, error=-14)
def _encode_embed(c_call: Any, request: Any, error: Any) -> int:
    return _encode(c_call, request, error, "encode_embed")


@callback("int(void *, char *, size_t, beluga_emit *)", error=-15)
def _decode_response(state: Any, body: Any, length: int, emit: Any) -> int:
    try:
        return emit_all(emit, _of_emit(emit).decode_response(bytes_of(body, length)))
    except BaseException as error:
        return _fail(emit, error)


def _read_state(buffer: Any) -> Dict[str, Any]:
    size = ffi.cast("uint32_t *", buffer)[0]
    return marshal.loads(ffi.buffer(buffer + 4, size)) if size else {}


def _write_state(buffer: Any, state: Dict[str, Any], most: int) -> None:
    """Store a decoder's state as bytes in memory of the library, which copies it when an attempt resumes."""
    data = marshal.dumps(state) if state else b""
    if len(data) + 4 > most:
        raise LimitExceededError(f"the state of the decoder has {len(data)} bytes: raise state_size ({most})")
    ffi.cast("uint32_t *", buffer)[0] = len(data)
    ffi.memmove(buffer + 4, data, len(data))


def _decode(state: Any, emit: Any, decode: Callable[[Provider, Dict[str, Any]], Optional[Iterable[Any]]]) -> int:
    try:
        provider = _of_emit(emit)
        buffer = ffi.cast("char *", state)
        values = _read_state(buffer)
        status = emit_all(emit, decode(provider, values))
        _write_state(buffer, values, provider.state_size)
        return status
    except BaseException as error:
        return _fail(emit, error)


@callback("int(void *, beluga_frame *, beluga_emit *)", error=-15)
def _decode_event(state: Any, c_frame: Any, emit: Any) -> int:
    name = "" if c_frame.event == NULL else text_of(c_frame.event, c_frame.event_length)
    frame = Frame(name, bytes_of(c_frame.data, c_frame.length))
    return _decode(state, emit, lambda provider, values: provider.decode_event(frame, values))


@callback("int(void *, beluga_emit *)", error=-15)
def _decode_end(state: Any, emit: Any) -> int:
    return _decode(state, emit, lambda provider, values: provider.decode_end(values))


@callback("void(beluga_call *, beluga_http_response *, beluga_error *)")
def _decode_error(c_call: Any, c_response: Any, c_error: Any) -> None:
    try:
        error = make_error(c_error)
        with Answer(c_response) as answer:
            better = _of_call(c_call).decode_error(answer, error)
        if better is not None:
            status, wait, request = c_error.http_status, c_error.retry_after_ms, ffi.string(c_error.request_id)
            set_error(c_error, better, c_error.code)
            c_error.http_status = status
            c_error.retry_after_ms = c_error.retry_after_ms if better.retry_after is not None else wait
            c_error.request_id = request
    except BaseException as raised:
        words = f"decode_error: {words_of(raised)}"
        remember(raised, words)
        data = words.encode("utf-8", "replace")
        lib.beluga_error_set_cause(c_error, data, len(data))


@callback("int(beluga_http_request *, beluga_credential *, int64_t, beluga_error *)", error=-6)
def _authorize(c_request: Any, credential: Any, now: int, c_error: Any) -> int:
    try:
        for name, value in _of_call(credential.call).authorize(text_of(credential.key)).items():
            lib.beluga_http_request_set_header(c_request, encode_name("header", name), encode_name("header", value))
        return 0
    except BaseException as error:
        return set_error(c_error, error, lib.BELUGA_ERROR_AUTHENTICATION)


_BODY = "int(char *, size_t, beluga_emit *)"


def _emit_model(emit: Any, name: str) -> int:
    data = encode(name)
    return lib.beluga_emit_model(emit, data, len(data))  # type: ignore[no-any-return]


@callback(_BODY, error=-15)
def _decode_list_models(body: Any, length: int, emit: Any) -> int:
    try:
        return emit_all(emit, _of_emit(emit).decode_list_models(bytes_of(body, length)), _emit_model)
    except BaseException as error:
        return _fail(emit, error)


@callback(_BODY, error=-15)
def _decode_embed(body: Any, length: int, emit: Any) -> int:
    index = 0

    def one(emit: Any, thing: Any) -> int:
        nonlocal index
        if isinstance(thing, (Usage, UsageEvent, MetadataEvent, Error)):
            return emit_one(emit, thing)
        values = ffi.new("float[]", list(thing))
        index += 1
        return lib.beluga_emit_embedding(emit, index - 1, values, len(values))  # type: ignore[no-any-return]

    try:
        return emit_all(emit, _of_emit(emit).decode_embed(bytes_of(body, length)), one)
    except BaseException as error:
        return _fail(emit, error)


# --- providers that answer by themselves -----------------------------------------------------------------------------


@callback("int(beluga_emit *, void *)", error=-15)
def _work(emit: Any, argument: Any) -> int:
    """Run a provider's `answer`. The library calls this on one of its own threads."""
    try:
        c_call = lib.beluga_emit_call(emit)
        if c_call == NULL:
            return int(lib.BELUGA_ERROR_CONTEXT_CANCELED)
        last: List[Any] = []

        def one(emit: Any, thing: Any) -> int:
            if last and isinstance(last[0], FinishEvent):
                raise InvalidResponseError(f"{type(thing).__name__} came after FinishEvent, which is the last event")
            if isinstance(thing, (FinishEvent, Error)):
                last.append(thing)
            # The call is over when the end is emitted. So that waits until nothing comes after it.
            return 0 if isinstance(thing, FinishEvent) else emit_one(emit, thing)

        with ProviderCall(c_call) as call:
            things = _of_call(c_call).answer(call)
            if things is None:
                raise InvalidResponseError("`answer` returned None: yield the pieces of the answer")
            status = emit_all(emit, things, one)
        if not last:
            last.append(FinishEvent("stop"))
        return int(status if status or isinstance(last[0], Error) else emit_one(emit, last[0]))
    except BaseException as error:
        return _fail(emit, error)


@callback("int(void *, beluga_call *, beluga_emit *, beluga_error *)", error=-15)
def _start(self: Any, c_call: Any, emit: Any, c_error: Any) -> int:
    status = lib.beluga_emit_run_blocking(emit, _work, NULL, NULL)
    if status:
        lib.beluga_error_set_text(c_error, status, b"no thread for the provider", 26)
    return int(status)


@callback("void(void *, beluga_emit *)")
def _cancel(self: Any, emit: Any) -> None:
    """Do nothing: the thread learns that the call is over when it emits the next event."""


# --- the table -------------------------------------------------------------------------------------------------------

_SLOTS = {
    "encode_request": _encode_request, "decode_response": _decode_response, "decode_event": _decode_event,
    "decode_end": _decode_end, "decode_error": _decode_error, "authorize": _authorize,
    "encode_list_models": _encode_list_models, "decode_list_models": _decode_list_models, "encode_embed": _encode_embed,
    "decode_embed": _decode_embed,
}


def _capabilities(names: Sequence[str]) -> int:
    known, bit = {}, 1
    while lib.beluga_capability_name(bit) != NULL:
        known[text_of(lib.beluga_capability_name(bit))] = bit
        bit <<= 1
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no such capability: {', '.join(unknown)}; there are {', '.join(known)}")
    return sum(known[name] for name in set(names))


def _texts(kept: List[Any], what: str, items: Sequence[str]) -> Any:
    if not items:
        return NULL
    texts = [ffi.new("char[]", encode_name(what, item)) for item in items]
    array = ffi.new("char *[]", [*texts, NULL])
    kept += [array, *texts]
    return array


def _has(provider: Provider, method: str) -> bool:
    return getattr(type(provider), method) is not getattr(Provider, method)


def add_provider(registry: Any, provider: Provider) -> None:
    kept: List[Any] = []
    table = ffi.new("beluga_provider *")
    table.size, table.abi = ffi.sizeof("beluga_provider"), lib.BELUGA_PROVIDER_ABI
    for member in ("name", "base_url", "default_model", "protocol"):
        value = getattr(provider, member)
        if value is not None:
            text = ffi.new("char[]", encode_name(member, value))
            kept.append(text)
            setattr(table, member, text)
    answers = _has(provider, "answer")
    make_immortal(_start, _cancel, _work, *_SLOTS.values())
    table.capabilities = _capabilities([*provider.capabilities, *(["stream", "local"] if answers else [])])
    table.key_variables = _texts(kept, "key_variables", provider.key_variables)
    table.url_variables = _texts(kept, "url_variables", provider.url_variables)
    if answers:
        table.start, table.cancel = _start, _cancel
    else:
        if provider.framing not in FRAMINGS:
            raise InvalidInputError(f"framing is one of {', '.join(FRAMINGS)}, not {provider.framing!r}")
        table.framing, table.state_size = FRAMINGS[provider.framing], provider.state_size
        for method, slot in _SLOTS.items():
            if _has(provider, method):
                setattr(table, method, slot)
    error = new_error()
    name = encode_name("name", provider.name)
    check(lib.beluga_registry_register(registry, table, error), error)
    _providers[name] = (provider, (table, kept))


__all__ = ["Answer", "Frame", "Provider", "ProviderCall", "Request", "add_provider"]
