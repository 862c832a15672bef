"""JSON Schema from type hints and docstrings, and values of those types from JSON."""
from __future__ import annotations

import collections.abc
import dataclasses
import enum
import functools
import inspect
import json
import re
import types
import typing
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from .errors import InvalidInputError

PLAIN: Dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
LISTS = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Set)
DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
UNIONS = (Union, getattr(types, "UnionType", Union))
# Docstrings describe parameters as "name: words" below "Args:" (Google) or as ":param name: words" (Sphinx).
GOOGLE = re.compile(r"^\s*(?:Args|Arguments|Parameters):\s*$", re.MULTILINE)
GOOGLE_ITEM = re.compile(r"^(\s+)\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")
SPHINX = re.compile(r":param(?:\s+[^:]+?)??\s+(\w+):\s*(.*?)(?=\n\s*:|\n\s*\n|\Z)", re.DOTALL)
SECTION = re.compile(r"\n\s*(?:Args|Arguments|Parameters|Returns|Raises|Yields|Examples?):\s*\n|\n\s*:(?:param|return)")


def is_typed_dict(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, dict) and hasattr(hint, "__required_keys__")


def _literal(values: Tuple[Any, ...]) -> Dict[str, Any]:
    schema: Dict[str, Any] = {"enum": list(values)}
    kinds = {PLAIN.get(type(value)) for value in values}
    if len(kinds) == 1 and None not in kinds:
        schema["type"] = kinds.pop()
    return schema


def _object(properties: Dict[str, Any], required: List[str]) -> Dict[str, Any]:
    schema: Dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    schema["additionalProperties"] = False
    return schema


def _with_description(schema: Dict[str, Any], words: Optional[str]) -> Dict[str, Any]:
    return {**schema, "description": words} if words else schema


def _dataclass(hint: Any, above: Tuple[Any, ...]) -> Dict[str, Any]:
    hints, words = typing.get_type_hints(hint, include_extras=True), described(hint.__doc__)
    properties, required = {}, []
    for field in dataclasses.fields(hint):
        if not field.init:
            continue
        properties[field.name] = _with_description(schema_of(hints[field.name], above), words.get(field.name))
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    return _object(properties, required)


def _typed_dict(hint: Any, above: Tuple[Any, ...]) -> Dict[str, Any]:
    hints, words = typing.get_type_hints(hint, include_extras=True), described(hint.__doc__)
    properties = {name: _with_description(schema_of(inner, above), words.get(name)) for name, inner in hints.items()}
    return _object(properties, [name for name in hints if name in hint.__required_keys__])


def _union(arguments: Tuple[Any, ...], above: Tuple[Any, ...]) -> Dict[str, Any]:
    schemas = [schema_of(argument, above) for argument in arguments]
    if all(list(schema) == ["type"] and isinstance(schema["type"], str) for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def _sequence(origin: Any, arguments: Tuple[Any, ...], above: Tuple[Any, ...]) -> Dict[str, Any]:
    schema: Dict[str, Any] = {"type": "array"}
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        return {**schema, "prefixItems": [schema_of(a, above) for a in arguments], "minItems": len(arguments),
                "maxItems": len(arguments)}
    if arguments:
        schema["items"] = schema_of(arguments[0], above)
    return schema


def _is_text(hint: Any) -> bool:
    if hasattr(hint, "__metadata__"):
        return _is_text(hint.__origin__)
    literal = typing.get_origin(hint) is typing.Literal
    return hint in (str, Any) or (literal and all(isinstance(value, str) for value in typing.get_args(hint)))


def schema_of(hint: Any, above: Tuple[Any, ...] = ()) -> Dict[str, Any]:
    """Return the JSON Schema of a type. Raises TypeError if JSON can't express the type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is inspect.Parameter.empty or hint is object:
        return {}
    if hint in PLAIN:
        return {"type": PLAIN[hint]}
    if hint is None:
        return {"type": "null"}
    if origin is typing.Literal:
        return _literal(arguments)
    if hasattr(hint, "__metadata__"):  # Annotated[int, "how many"]
        words = next((item for item in hint.__metadata__ if isinstance(item, str)), None)
        return _with_description(schema_of(hint.__origin__, above), words)
    if str(origin) in ("typing.Required", "typing.NotRequired", "typing_extensions.Required",
                       "typing_extensions.NotRequired"):
        return schema_of(arguments[0], above)
    if origin in UNIONS:
        return _union(arguments, above)
    if origin in LISTS or hint in LISTS:
        return _sequence(origin or hint, arguments, above)
    if origin in DICTS or hint in DICTS:
        if arguments and not _is_text(arguments[0]):
            raise TypeError(f"{hint!r}: the keys of a JSON object are texts, so write Dict[str, …]")
        return {"type": "object", **({"additionalProperties": schema_of(arguments[1], above)} if arguments else {})}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        strange = [member for member in hint if type(member.value) not in PLAIN]
        if strange:
            raise TypeError(f"{strange[0]}: JSON can't express its value: use str, int, float or bool")
        return _literal(tuple(member.value for member in hint))
    if hint in above:
        raise TypeError(f"{hint.__name__} contains itself: write its schema as a dict")
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint, (*above, hint))
    if is_typed_dict(hint):
        return _typed_dict(hint, (*above, hint))
    raise TypeError(f"JSON can't express {hint!r}: use str, int, float, bool, list, dict, Optional, Literal, Enum, "
                    "a dataclass or a TypedDict")


def schema_text(schema: Any) -> str:
    """Return a schema as JSON text. It may be given as a text, a dict or a type."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, Mapping):
        _check_types(schema)
        return json.dumps(schema, ensure_ascii=False)
    made = schema_of(schema)
    if not made:
        raise TypeError(f"{schema!r} says nothing about the answer: name a type, such as a dataclass")
    return json.dumps(made, ensure_ascii=False)


TYPES = (*PLAIN.values(), "array", "object")
NAMED = ("properties", "patternProperties", "$defs", "definitions")  # keywords whose values have a schema for each name
BELOW = (*NAMED, "items", "prefixItems", "additionalProperties", "anyOf", "allOf", "oneOf", "not")


def _check_types(schema: Any, is_named: bool = False) -> None:
    """Refuse a schema with a type that JSON Schema does not have: no answer could fit it."""
    if isinstance(schema, Mapping):
        kinds = [] if is_named else schema.get("type", [])
        for kind in kinds if isinstance(kinds, (list, tuple)) else [kinds]:
            if kind not in TYPES:
                raise InvalidInputError(f"the schema has the type {kind!r}: JSON Schema has {', '.join(TYPES)}")
        for name, inner in schema.items():
            if is_named or name in BELOW:
                _check_types(inner, not is_named and name in NAMED)
    elif isinstance(schema, (list, tuple)):
        for inner in schema:
            _check_types(inner)


def described(docstring: Optional[str]) -> Dict[str, str]:
    """Return the description of each parameter in a docstring."""
    if not docstring:
        return {}
    found = {name: " ".join(words.split()) for name, words in SPHINX.findall(docstring)}
    start = GOOGLE.search(docstring)
    if not start:
        return found
    name, indent = "", None
    for line in docstring[start.end():].splitlines()[1:]:
        item = GOOGLE_ITEM.match(line)
        if item and (indent is None or len(item.group(1)) <= indent):
            indent, name = len(item.group(1)), item.group(2)
            found[name] = item.group(3).strip()
        elif not line.strip() or (indent is not None and len(line) - len(line.lstrip()) < indent):
            break
        elif name:
            found[name] += " " + line.strip()
    return found


def summary(docstring: Optional[str]) -> str:
    """Return a docstring without its sections about parameters, results and errors."""
    text = inspect.cleandoc(docstring or "")
    return SECTION.split("\n" + text, maxsplit=1)[0].strip()


def _written(function: Any) -> Any:
    """Return the function with the `def`: that of functools.partial, or the method of an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    return function if hasattr(function, "__name__") else type(function).__call__


def name_of(function: Any) -> str:
    """Return the name of a function, or that of the class of an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def docstring_of(function: Any) -> Optional[str]:
    return inspect.getdoc(_written(function))


def schema_of_function(function: Callable[..., Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the schema of a function's parameters, and their type hints."""
    hints = typing.get_type_hints(_written(function), include_extras=True)
    words = described(docstring_of(function))
    given = function.keywords if isinstance(function, functools.partial) else {}
    properties, required, taken = {}, [], {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in given:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{name_of(function)}: a model can't give {parameter}: write its parameters by name")
        taken[name] = hints.get(name, Any)
        schema = schema_of(taken[name])
        properties[name] = schema if "description" in schema else _with_description(schema, words.get(name))
        if parameter.default is parameter.empty:
            required.append(name)
    return _object(properties, required), taken


# --- values ----------------------------------------------------------------------------------------------------------


def _convert_union(value: Any, arguments: Tuple[Any, ...]) -> Any:
    """Convert a value by the first member of the union that accepts it."""
    for argument in arguments:
        try:
            made = convert(value, argument)
        except (TypeError, ValueError, KeyError):
            continue
        if argument in PLAIN and type(value) is not argument and not (argument is float and type(value) is int):
            continue
        return made
    return value


def _convert_dataclass(value: Any, hint: Any) -> Any:
    if not isinstance(value, dict):
        raise TypeError(f"{hint.__name__} is made of an object, not of {type(value).__name__}")
    hints = typing.get_type_hints(hint, include_extras=True)
    return hint(**{name: convert(item, hints[name]) for name, item in value.items() if name in hints})


def convert(value: Any, hint: Any) -> Any:
    """Convert parsed JSON to the type of a hint: dataclasses, enums, tuples. Other values stay as they are."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hasattr(hint, "__metadata__"):
        return convert(value, hint.__origin__)
    if origin in UNIONS:
        return _convert_union(value, arguments)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    if hint is float and type(value) is int:
        return float(value)
    if hint is int and type(value) is float and value.is_integer():  # JSON's 4.0 is a whole number
        return int(value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _convert_dataclass(value, hint)
    if is_typed_dict(hint) and isinstance(value, dict):
        hints = typing.get_type_hints(hint)
        return {name: convert(item, hints.get(name)) for name, item in value.items()}
    if origin in LISTS and isinstance(value, list) and arguments:
        if origin is tuple and arguments[-1] is not Ellipsis:
            return tuple(convert(item, inner) for item, inner in zip(value, arguments))
        items = [convert(item, arguments[0]) for item in value]
        return origin(items) if origin in (tuple, set, frozenset) else items
    if origin in DICTS and isinstance(value, dict) and arguments:
        return {name: convert(item, arguments[1]) for name, item in value.items()}
    return value
