"""Options: converts keyword arguments to options of the library, by the library's own table."""
from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any, Dict, Iterable, List, Mapping, Tuple

from ._library import NULL, check, encode_name, ffi, lib, new_error, text_of
from .errors import InvalidInputError

# Options that take JSON. A dict is converted to JSON.
JSON_OPTIONS = frozenset({"response_schema", "extra_body", "body", "request_body"})
# Names that Python programs commonly use, and the options of the library that they mean.
RENAMED = {"stop": "stop_sequences", "model": "model_name", "schema": "response_schema"}


def _table() -> Dict[str, Tuple[int, int]]:
    """Return {name: (key, type)} for the options of the loaded library."""
    rows: Dict[str, Tuple[int, int]] = {}
    key = 1
    while True:
        info = lib.beluga_option_get_info(key)
        if info == NULL:
            return rows
        rows[text_of(info.name)] = (key, info.type)
        key += 1


TABLE = _table()


MAX_SECONDS = 1e12  # 30,000 years, which fit into 64 bits as milliseconds


def milliseconds(name: str, value: Any) -> int:
    """Convert a time to milliseconds. Numbers are seconds, as everywhere in Python; texts have a unit, such as "30s"."""
    if isinstance(value, str):
        return _milliseconds_of_text(name, value)
    if isinstance(value, timedelta):
        value = value.total_seconds()
    # NaN is not less than anything.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < MAX_SECONDS:
        raise InvalidInputError(f"{name} is a number of seconds, a timedelta or a text such as '30s', not {value!r}")
    return round(value * 1000)


def _milliseconds_of_text(name: str, text: str) -> int:
    pointer, row = ffi.new("char[]", encode_name(name, f"tool_timeout={text}")), ffi.new("beluga_option *")
    if lib.beluga_option_parse(pointer, row, new_error()) < 0:
        raise InvalidInputError(f"{name} is a number of seconds, a timedelta or a text such as '30s', not {text!r}")
    return int(row.value.integer)


class Options:
    """An array of options for a function of the library, and the memory that it points to."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._kept: List[Any] = []
        self._rows: List[Any] = []
        for name, value in values.items():
            if value is not None:
                self._add(RENAMED.get(name, name), value)
        self.count = len(self._rows)
        self.array: Any = ffi.new("beluga_option[]", max(self.count, 1))
        for i, row in enumerate(self._rows):
            self.array[i] = row[0]

    def _add(self, name: str, value: Any) -> None:
        if name == "api_key" and callable(value):
            self._key_source(value)
        elif name not in TABLE:
            self._own(name, value)
        elif TABLE[name][1] == lib.BELUGA_OPTION_LIST and not isinstance(value, str):
            for item in _items(name, value):
                self._string(name, item)
        elif isinstance(value, str) and TABLE[name][1] not in (lib.BELUGA_OPTION_STRING, lib.BELUGA_OPTION_LIST):
            self._parse(f"{name}={value}")
        else:
            self._typed(name, value)

    def _row(self, name: str) -> Any:
        row = ffi.new("beluga_option *")
        row.key, row.type = TABLE[name]
        self._rows.append(row)
        return row

    def _typed(self, name: str, value: Any) -> None:
        kind = TABLE[name][1]
        if kind in (lib.BELUGA_OPTION_STRING, lib.BELUGA_OPTION_LIST):
            self._string(name, value)
        elif kind == lib.BELUGA_OPTION_DOUBLE:
            self._row(name).value.number = float(_number(name, value))
        elif kind == lib.BELUGA_OPTION_DURATION:
            self._row(name).value.integer = milliseconds(name, value)
        elif kind == lib.BELUGA_OPTION_BOOL:
            self._row(name).value.integer = int(_bool(name, value))
        elif kind == lib.BELUGA_OPTION_POINTER:
            raise InvalidInputError(f"{name} takes a pointer of C, which Python can't give")
        else:
            number = _number(name, value)
            if not math.isfinite(number) or number != int(number):
                raise InvalidInputError(f"{name} is a whole number, not {value!r}")
            try:
                self._row(name).value.integer = int(number)
            except OverflowError:
                raise InvalidInputError(f"{name}: {value} does not fit into 64 bits") from None

    def _string(self, name: str, value: Any) -> None:
        if name in JSON_OPTIONS and not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False)
        data = encode_name(name, value)
        pointer = ffi.new("char[]", data)
        self._kept.append(pointer)
        row = self._row(name)
        row.value.string, row.length = pointer, len(data)

    def _parse(self, text: str) -> None:
        pointer = ffi.new("char[]", encode_name("an option", text))
        row, error = ffi.new("beluga_option *"), new_error()
        check(lib.beluga_option_parse(pointer, row, error), error)
        self._kept.append(pointer)
        self._rows.append(row)

    def _own(self, name: str, value: Any) -> None:
        """Add an option that only one provider has: mock={"responses": "…"}, or "mock.responses" in a dict."""
        if isinstance(value, Mapping) and "." not in name:
            for inner, item in value.items():
                if item is not None:
                    self._own(f"{name}.{inner}", item)
            return
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif not isinstance(value, (str, int, float)):
            value = json.dumps(value, ensure_ascii=False)
        self._parse(f"{name}={value}")

    def _key_source(self, function: Any) -> None:
        from ._callbacks import KeySource

        source = KeySource(function)
        self._kept.append(source)
        self._row("key_source").value.pointer = source.c_source

    @property
    def kept(self) -> List[Any]:
        """The objects that the library may use as long as a model lives."""
        return self._kept


def _items(name: str, value: Any) -> Iterable[str]:
    """Return the items of a list option. A dict becomes items such as "name: value" or "alias=name"."""
    if isinstance(value, Mapping):
        between = "=" if name == "models" else ": "
        return [f"{key}{between}{item}" for key, item in value.items()]
    return value  # type: ignore[no-any-return]


def _number(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidInputError(f"{name} is a number, not {value!r}")
    return value


def _bool(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, int)):
        raise InvalidInputError(f"{name} is True or False, not {value!r}")
    return bool(value)
