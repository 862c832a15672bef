"""A whole answer."""
from __future__ import annotations

import json
from typing import Any, List, Optional

from ._events import RateLimits, Usage, make_rate_limits, make_usage
from ._library import NULL, check, check_memory, encode, ffi, lib, new_error, text_of, text_or_none
from ._messages import Image, Message, ToolCall, make_part_of_c, message_of_c
from ._schema import convert, schema_text
from .errors import MalformedResponseError


class Response:
    """A whole answer; immutable. In a list of messages it means the model's message."""

    def __init__(self, c_response: Any, schema: Any = None, messages: Optional[List[Message]] = None) -> None:
        self._c: Any = ffi.gc(c_response, lib.beluga_response_free)
        self._schema = schema
        self._messages = messages

    @property
    def text(self) -> str:
        return self._sized(lib.beluga_response_text)

    @property
    def reasoning(self) -> str:
        return self._sized(lib.beluga_response_reasoning)

    def _sized(self, function: Any) -> str:
        length = ffi.new("size_t *")
        return text_of(function(self._c, length), length[0])

    @property
    def tool_calls(self) -> List[ToolCall]:
        """The tool calls of the model, without one that was cut off."""
        calls = []
        for i in range(lib.beluga_response_tool_call_count(self._c)):
            call = lib.beluga_response_tool_call(self._c, i)
            calls.append(ToolCall(text_of(call.id), text_of(call.name), text_of(call.arguments, call.length)))
        return calls

    @property
    def media(self) -> List[Image]:
        """The images, audio and files of the answer."""
        count = lib.beluga_response_media_count(self._c)
        return [make_part_of_c(lib.beluga_response_media(self._c, i)) for i in range(count)]  # type: ignore[misc]

    @property
    def usage(self) -> Usage:
        return make_usage(lib.beluga_response_usage(self._c))

    @property
    def rate_limits(self) -> RateLimits:
        return make_rate_limits(lib.beluga_response_rate_limits(self._c))

    @property
    def finish_reason(self) -> str:
        """"stop", "length", "tool_calls", "content_filter", "other", "pause" or "unknown"."""
        return text_of(lib.beluga_finish_reason_name(lib.beluga_response_finish_reason(self._c)))

    @property
    def raw_finish_reason(self) -> str:
        """The finish reason as the provider names it."""
        return text_of(lib.beluga_response_raw_finish_reason(self._c))

    @property
    def is_complete(self) -> bool:
        """Whether the model finished its answer, which was neither cut off nor filtered."""
        return bool(lib.beluga_response_is_complete(self._c))

    @property
    def is_cached(self) -> bool:
        return bool(lib.beluga_response_is_cached(self._c))

    @property
    def id(self) -> str:
        return text_of(lib.beluga_response_id(self._c))

    @property
    def model(self) -> str:
        """The model that answered, as its provider names it."""
        return text_of(lib.beluga_response_model(self._c))

    @property
    def provider(self) -> str:
        return text_of(lib.beluga_response_provider(self._c))

    @property
    def request_id(self) -> str:
        return text_of(lib.beluga_response_request_id(self._c))

    @property
    def created(self) -> int:
        """Time of the answer in seconds since 1970; 0 if unknown."""
        return int(lib.beluga_response_created(self._c))

    @property
    def warnings(self) -> List[str]:
        """The parts of the call that the provider could not express."""
        found: List[str] = []
        while True:
            warning = text_or_none(lib.beluga_response_warning(self._c, len(found)))
            if warning is None:
                return found
            found.append(warning)

    @property
    def duration(self) -> Optional[float]:
        """Seconds from the start of the call to its end."""
        ns = lib.beluga_response_duration_ns(self._c)
        return None if ns < 0 else ns / 1e9

    @property
    def time_to_first_content(self) -> Optional[float]:
        ns = lib.beluga_response_first_content_ns(self._c)
        return None if ns < 0 else ns / 1e9

    @property
    def message(self) -> Message:
        """The message that continues the conversation, with signatures and other data that the provider needs."""
        c_message = self._c_message()
        try:
            return message_of_c(c_message)
        finally:
            lib.beluga_message_unref(c_message)

    @property
    def messages(self) -> List[Message]:
        """All messages that the call added; for a tool loop, those of all its steps."""
        return [*(self._messages or []), self.message]

    def _c_message(self) -> Any:
        """Return the message of the library. The caller owns one reference."""
        return check_memory(lib.beluga_response_message(self._c))

    def parse(self, schema: Any = None) -> Any:
        """Check the answer against `schema` (default: the option `response_schema`), and return it as an object of that type.

        Raises MalformedResponseError if the answer is not JSON, and InvalidResponseError if it does not fit; the message
        says where. Keywords of JSON Schema that the library does not check, such as `pattern`, are ignored.
        """
        schema = self._schema if schema is None else schema
        if schema is not None:
            data = encode(schema_text(schema))
            error = new_error()
            check(lib.beluga_response_check_schema(self._c, data, len(data), error), error)
        try:
            value = json.loads(self.text)
        except ValueError as error:
            raise MalformedResponseError(f"the answer is not JSON: {error}") from error
        return convert(value, schema)

    def to_json(self) -> str:
        """Return the answer as a JSON object."""
        out, length = ffi.new("char **"), ffi.new("size_t *")
        check(lib.beluga_response_to_json(self._c, out, length))
        try:
            return text_of(out[0], length[0])
        finally:
            lib.beluga_free(out[0])

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Response {self.finish_reason} of {self.provider}/{self.model}: {self.text[:60]!r}>"


def is_null(pointer: Any) -> bool:
    return bool(pointer == NULL)
