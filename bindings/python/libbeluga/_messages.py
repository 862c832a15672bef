"""Messages and their parts. Texts and dicts are accepted instead of them."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Union

from ._events import PART_KINDS, PART_NUMBERS
from ._library import NULL, bytes_of, check, check_memory, encode, encode_name, encode_path, ffi, lib, text_of, text_or_none
from .errors import InvalidInputError


@dataclass
class _Kept:
    """The base of parts. A part of an earlier answer keeps data here that only its provider understands."""

    state: Optional[str] = field(default=None, repr=False, init=False)
    state_provider: str = field(default="", repr=False, init=False)


@dataclass
class Text(_Kept):
    text: str
    name: Optional[str] = None  #: name of the file that it came from
    #: Cache the prompt up to this part: True, or for this many seconds (300 or 3600).
    cache: Union[bool, int] = False


@dataclass
class Image(_Kept):
    """An image, given by its URL or as bytes."""

    url: Optional[str] = None
    data: Optional[bytes] = field(default=None, repr=False)
    media_type: Optional[str] = None
    kind: str = field(default="image", repr=False)


@dataclass
class Audio(Image):
    kind: str = field(default="audio", repr=False)


@dataclass
class File(Image):
    """A file, given by its URL or as bytes."""

    kind: str = field(default="file", repr=False)
    name: Optional[str] = None


@dataclass
class FilePath(_Kept):
    """A local file, which is read when the call starts. Its media type is found from its first bytes."""

    path: str


@dataclass
class Reasoning(_Kept):
    """Reasoning of a model. It is sent back unchanged, with its signature."""

    text: str
    signature: Optional[str] = field(default=None, repr=False)


@dataclass
class ToolCall(_Kept):
    """A tool call by a model. `arguments` is JSON, as the model wrote it."""

    id: str
    name: str
    arguments: str = "{}"

    @property
    def input(self) -> Any:
        """The arguments, parsed; ValueError if they are not valid JSON."""
        return json.loads(self.arguments)


@dataclass
class State(_Kept):
    """JSON that only the named provider understands."""

    json: str
    provider: str


Part = Union[Text, Image, Audio, File, FilePath, Reasoning, ToolCall, State]


@dataclass
class Message:
    """One message: role "system", "user", "assistant" or "tool"."""

    role: str
    content: Union[str, Sequence[Union[str, Part, Mapping[str, Any]]]] = ""
    tool_call_id: Optional[str] = None  #: in a tool's message: the id of the call that it answers
    is_error: bool = False  #: in a tool's message: whether the tool failed

    @property
    def text(self) -> str:
        """The texts of the message, joined."""
        if isinstance(self.content, str):
            return self.content
        parts = (make_part(part) for part in self.content)
        return "".join(part.text for part in parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> List[ToolCall]:
        return [] if isinstance(self.content, str) else [p for p in self.content if isinstance(p, ToolCall)]


#: What `generate` and the other methods accept: a text, a message, or a list of messages.
Input = Union[str, Message, Mapping[str, Any], Sequence[Any], Any]

ROLES = {"system": 1, "developer": 1, "user": 2, "human": 2, "assistant": 3, "ai": 3, "tool": 4}
ROLE_NAMES = {1: "system", 2: "user", 3: "assistant", 4: "tool"}


def _image_of_dict(part: Mapping[str, Any]) -> Image:
    """Make an image from a dict. OpenAI's form {"type": "image_url", "image_url": {"url": …}} works, too."""
    value = part.get("image_url")
    url = value.get("url") if isinstance(value, Mapping) else value
    return Image(url=url or part.get("url"), data=part.get("data"), media_type=part.get("media_type"))


def _arguments(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps({} if value is None else value, ensure_ascii=False)


_FROM_DICT: Dict[str, Callable[[Mapping[str, Any]], Part]] = {
    "text": lambda p: Text(p["text"], p.get("name"), p.get("cache", False)),
    "image": _image_of_dict,
    "image_url": _image_of_dict,
    "audio": lambda p: Audio(p.get("url"), p.get("data"), p.get("media_type")),
    "file": lambda p: File(p.get("url"), p.get("data"), p.get("media_type"), name=p.get("name")),
    "path": lambda p: FilePath(p["path"]),
    "reasoning": lambda p: Reasoning(p["text"], p.get("signature")),
    "tool_call": lambda p: ToolCall(p["id"], p["name"], _arguments(p.get("arguments"))),
    "state": lambda p: State(_arguments(p["json"]), p["provider"]),
}


_MEDIA_KEYS = ("url", "data", "media_type")
_PART_KEYS: Dict[str, Sequence[str]] = {
    "text": ("text", "name", "cache"), "image": (*_MEDIA_KEYS, "image_url"), "image_url": (*_MEDIA_KEYS, "image_url"),
    "audio": _MEDIA_KEYS, "file": (*_MEDIA_KEYS, "name"), "path": ("path",), "reasoning": ("text", "signature"),
    "tool_call": ("id", "name", "arguments"), "state": ("json", "provider"),
}


def _check_keys(what: str, value: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse keys that are not known, unless they are empty, as in what clients of OpenAI's API return."""
    for key, item in value.items():
        if key not in known and item:
            raise InvalidInputError(f"{what} has no key {key!r}: it has {', '.join(known)}")


def make_part(value: Union[str, Part, Mapping[str, Any]]) -> Part:
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, _Kept):
        return value
    if not isinstance(value, Mapping):
        raise InvalidInputError(f"a part of a message is a str, a part or a dict, not {type(value).__name__}")
    kind = value.get("type", "text")
    if kind not in _FROM_DICT:
        raise InvalidInputError(f"no part has the type {kind!r}: it is one of {', '.join(_FROM_DICT)}")
    _check_keys(f"a part of type {kind!r}", value, ("type", *_PART_KEYS[kind], "state", "state_provider"))
    try:
        part = _FROM_DICT[kind](value)
    except KeyError as missing:
        raise InvalidInputError(f"a part of type {kind!r} needs {missing}") from None
    if value.get("state") is not None and kind != "state":
        part.state, part.state_provider = value["state"], value.get("state_provider", "")
    return part


def _openai_calls(calls: Iterable[Mapping[str, Any]]) -> List[Part]:
    """Make the parts for the "tool_calls" of a message in OpenAI's form."""
    made: List[Part] = []
    for call in calls:
        function = call.get("function", call)
        made.append(ToolCall(call["id"], function["name"], _arguments(function.get("arguments"))))
    return made


_MESSAGE_KEYS = ("role", "content", "tool_calls", "tool_call_id", "is_error")


def message_of_dict(value: Mapping[str, Any]) -> Message:
    role = value.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidInputError(f"a message has no role {role!r}: it is one of {', '.join(ROLES)}")
    _check_keys("a message", value, _MESSAGE_KEYS)
    content = value.get("content")
    parts: Any = [] if content is None else content
    if value.get("tool_calls"):
        texts = [Text(parts)] if isinstance(parts, str) and parts else list(parts)
        parts = texts + _openai_calls(value["tool_calls"])
    return Message(role, parts, value.get("tool_call_id"), bool(value.get("is_error", False)))


# --- to C ------------------------------------------------------------------------------------------------------------


def _add_media(c_message: Any, part: Image) -> int:
    number = PART_NUMBERS.get(part.kind, 0)
    if part.data is not None and part.url is not None:
        raise InvalidInputError(f"{part.kind}: give either data or url, not both")
    media_type = NULL if part.media_type is None else encode_name("media_type", part.media_type)
    if part.data is not None:
        name = getattr(part, "name", None)
        data = bytes(part.data)
        return lib.beluga_message_add_data(  # type: ignore[no-any-return]
            c_message, number, media_type, ffi.from_buffer(data), len(data),
            NULL if name is None else encode_name("name", name))
    if part.url is None:
        raise InvalidInputError(f"{part.kind}: neither data nor url is given")
    return lib.beluga_message_add_url(  # type: ignore[no-any-return]
        c_message, number, encode_name("url", part.url), media_type)


def _add_text(c_message: Any, part: Text) -> int:
    if not isinstance(part.text, str):
        raise TypeError(f"the text of a message is a str, not {type(part.text).__name__}")
    data = encode(part.text)
    status = lib.beluga_message_add_text(c_message, data, len(data))
    if not status and part.cache:
        ttl = 0 if part.cache is True else int(part.cache)
        status = lib.beluga_message_mark_cache(c_message, ttl)
    return status  # type: ignore[no-any-return]


def _add_reasoning(c_message: Any, part: Reasoning) -> int:
    data = encode(part.text)
    signature = None if part.signature is None else encode(part.signature)
    return lib.beluga_message_add_reasoning(  # type: ignore[no-any-return]
        c_message, data, len(data), NULL if signature is None else signature, len(signature or b""))


def _add_part(c_message: Any, part: Part) -> None:
    if isinstance(part, Text):
        status = _add_text(c_message, part)
    elif isinstance(part, Image):
        status = _add_media(c_message, part)
    elif isinstance(part, FilePath):
        error = ffi.new("beluga_error *")
        check(lib.beluga_message_add_file(c_message, encode_path("path", part.path), error), error)
        return
    elif isinstance(part, Reasoning):
        status = _add_reasoning(c_message, part)
    elif isinstance(part, ToolCall):
        data = encode(part.arguments)
        status = lib.beluga_message_add_tool_call(c_message, encode_name("id", part.id), encode_name("name", part.name),
                                                  data, len(data))
    else:
        data = encode(part.json)
        status = lib.beluga_message_add_state(c_message, encode_name("provider", part.provider), data, len(data))
    if not status and part.state is not None:
        data = encode(part.state)
        status = lib.beluga_message_set_state(c_message, encode_name("state_provider", part.state_provider), data, len(data))
    check(status)


def _tool_message(message: Message) -> Any:
    data = encode(message.text)
    if message.tool_call_id is None:
        raise InvalidInputError("a tool's message needs tool_call_id, the id of the call that it answers")
    made = lib.beluga_tool_message_n(encode_name("tool_call_id", message.tool_call_id), data, len(data))
    lib.beluga_message_set_tool_error(check_memory(made), message.is_error)
    return made


def new_c_message(message: Message) -> Any:
    """Make a message of the library. The caller owns the one reference."""
    if message.role not in ROLES:
        raise InvalidInputError(f"a message has no role {message.role!r}: it is one of {', '.join(ROLES)}")
    if message.role == "tool":
        return _tool_message(message)
    made = check_memory(lib.beluga_message_new(ROLES[message.role]))
    try:
        content = [message.content] if isinstance(message.content, str) else message.content
        for part in content:
            _add_part(made, make_part(part))
    except BaseException:
        lib.beluga_message_unref(made)
        raise
    return made


def _one(value: Any) -> Any:
    """Make a message of the library from one item of an input."""
    if isinstance(value, str):
        return new_c_message(Message("user", value))
    if isinstance(value, Message):
        return new_c_message(value)
    if isinstance(value, Mapping):
        return new_c_message(message_of_dict(value))
    answer = getattr(value, "_c_message", None)
    if answer is None:
        raise InvalidInputError(f"a message is a str, a Message, a dict or a Response, not {type(value).__name__}")
    return answer()


def new_messages(value: Input) -> Any:
    """Make a list of messages from an input. It is freed with the Python object."""
    made = ffi.gc(check_memory(lib.beluga_messages_new()), lib.beluga_messages_free)
    alone = isinstance(value, (str, Mapping, Message)) or hasattr(value, "_c_message")
    if not alone and (isinstance(value, (bytes, bytearray)) or not isinstance(value, Iterable)):
        raise InvalidInputError(f"a prompt is a str, a Message, a dict, a Response or a list of these, not {type(value).__name__}")
    items: Any = [value] if alone else value
    for item in items:
        check(lib.beluga_messages_add(made, _one(item)))
    return made


# --- from C ----------------------------------------------------------------------------------------------------------


def _media_of(part: Any, kind: str) -> Image:
    url, media_type = text_or_none(part.url), text_or_none(part.media_type)
    data = None if part.data == NULL else bytes_of(part.data, part.data_length)
    if kind == "image":
        return Image(url, data, media_type)
    if kind == "audio":
        return Audio(url, data, media_type)
    return File(url, data, media_type, name=text_or_none(part.name))


def _cache_of(flags: int) -> Union[bool, int]:
    if flags & lib.BELUGA_PART_CACHE_1H:
        return 3600
    if flags & lib.BELUGA_PART_CACHE_5M:
        return 300
    return bool(flags & lib.BELUGA_PART_CACHE)


def make_part_of_c(part: Any) -> Part:
    kind = PART_KINDS.get(part.kind, "state")
    made: Part
    if kind == "text":
        made = Text(text_of(part.text, part.text_length), text_or_none(part.name), _cache_of(part.flags))
    elif kind == "reasoning":
        signature = None if part.signature == NULL else text_of(part.signature, part.signature_length)
        made = Reasoning(text_of(part.text, part.text_length), signature)
    elif kind == "tool_call":
        made = ToolCall(text_of(part.id), text_of(part.name), text_of(part.text, part.text_length))
    elif kind == "state":
        return State(text_of(part.state, part.state_length), text_of(part.state_provider))
    else:
        made = _media_of(part, kind)
    if part.state != NULL:
        made.state, made.state_provider = text_of(part.state, part.state_length), text_of(part.state_provider)
    return made


def message_of_c(c_message: Any) -> Message:
    """Convert a message of the library, with everything in it, to a Python message."""
    count = lib.beluga_message_count(c_message)
    parts = [make_part_of_c(lib.beluga_message_part(c_message, i)) for i in range(count)]
    role = ROLE_NAMES.get(lib.beluga_message_role(c_message), "user")
    plain = len(parts) == 1 and type(parts[0]) is Text and parts[0].state is None and not parts[0].cache
    content: Any = parts[0].text if plain and isinstance(parts[0], Text) else parts
    return Message(role, content, text_or_none(lib.beluga_message_tool_call_id(c_message)),
                   bool(lib.beluga_message_is_tool_error(c_message)))


def messages_of_c(c_messages: Any, first: int = 0) -> List[Message]:
    count = lib.beluga_messages_count(c_messages)
    return [message_of_c(lib.beluga_messages_get(c_messages, i)) for i in range(first, count)]
