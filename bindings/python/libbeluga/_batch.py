"""Many prompts at once."""
from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Mapping

from ._context import new_context
from ._engine import Call, Engine
from ._library import NULL, callback, ffi, lib, make_error
from ._messages import Message, new_messages
from ._options import Options
from ._response import Response
from ._schema import schema_text
from .errors import InvalidInputError


@callback("int(void *, uint64_t, beluga_input *)", error=-10)
def _source(payload: Any, index: int, c_input: Any) -> int:
    call = ffi.from_handle(payload)
    try:
        return int(call.next(index, c_input))
    except BaseException as error:
        call.error = call.error or error
        return int(lib.BELUGA_ERROR_INVALID_INPUT)


@callback("void(void *, uint64_t, beluga_batch_result *)")
def _sink(payload: Any, index: int, result: Any) -> None:
    call = ffi.from_handle(payload)
    try:
        call.add(index, result)
    except BaseException as error:
        call.error = call.error or error


@callback("void(void *, int, uint64_t, uint64_t)")
def _done(payload: Any, status: int, succeeded: int, failed: int) -> None:
    ffi.from_handle(payload).end()


def check_prompts(prompts: Any) -> None:
    """Refuse a single prompt: a text is a list of its characters to Python."""
    if isinstance(prompts, (str, bytes, bytearray, Mapping, Message, Response)) or not isinstance(prompts, Iterable):
        raise InvalidInputError(f"a batch is a list of prompts, not {type(prompts).__name__}: for one prompt use generate")


class BatchCall(Call):
    def __init__(self, engine: Engine, model: Any, prompts: Iterable[Any], settings: Dict[str, Any]) -> None:
        super().__init__(engine)
        context = new_context(settings.pop("deadline", None), settings.pop("traceparent", None))
        self.schema = settings.get("response_schema")
        if self.schema is not None:
            settings["response_schema"] = schema_text(self.schema)
        options = Options(settings)
        self.prompts: Iterator[Any] = iter(prompts)
        self.inputs: Dict[int, Any] = {}
        self.results: Dict[int, Any] = {}
        self.faults: Dict[int, Exception] = {}  # of prompts that can't be sent
        out = ffi.new("beluga_batch_op **")
        self.begin(lib.beluga_batch_start_n(model, engine.loop, context, _source, _sink, _done, self.handle, out, self.c_error,
                                            options.array, options.count))
        self.op, self.kept = out[0], model

    def next(self, index: int, c_input: Any) -> int:
        """Give the library the next prompt. The library borrows it until the result of that prompt is there."""
        try:
            prompt = next(self.prompts)
        except StopIteration:
            return int(lib.BELUGA_BATCH_END)
        try:
            messages = new_messages(prompt)
        except Exception as error:  # it takes the place of the answer; the library refuses an empty list
            self.faults[index] = error
            messages = new_messages([])
        self.inputs[index] = messages
        c_input[0] = lib.beluga_input_messages(messages)
        return int(lib.BELUGA_BATCH_ITEM)

    def add(self, index: int, result: Any) -> None:
        self.inputs.pop(index, None)
        fault = self.faults.pop(index, None)
        if fault is not None:
            self.results[index] = fault
            return
        if result.response != NULL:
            taken, result.response = result.response, NULL
            self.results[index] = Response(taken, self.schema)
            return
        error = make_error(result.error)
        if result.partial != NULL:
            taken, result.partial = result.partial, NULL
            error.partial = Response(taken, self.schema)
        self.results[index] = error

    def cancel(self) -> None:
        if not self.ended and self.engine.is_usable:
            self.end()

    def release(self) -> None:
        op, self.op = self.op, NULL
        if self.engine.is_usable:
            lib.beluga_batch_op_free(op)
        self.inputs.clear()
        super().release()

    def outcome(self, return_errors: bool) -> List[Any]:
        found = [self.results[index] for index in sorted(self.results)]
        if not return_errors:
            for item in found:
                if isinstance(item, BaseException):
                    raise item
        return found
