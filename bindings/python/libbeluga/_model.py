"""Models and their calls."""
from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import (TYPE_CHECKING, Any, AsyncIterator, Callable, Dict, Generic, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple,
                    TypeVar, Union)

from . import _batch, _certificates
from ._context import new_cancellable, new_context
from ._engine import (AnswerCall, Call, Engine, JobCall, ToolRun, engine_of_running_loop, give_back, lease, new_answer,
                      running_loop)
from ._error import Error
from ._events import Event, TextEvent, Usage, known, make_usage
from ._library import (IS_BUNDLED, NULL, callback, check, check_memory, encode, encode_name, encode_path, ffi, lib, make_error, new_error, text_of)
from ._messages import Input, Message, messages_of_c, new_messages
from ._options import TABLE, Options, milliseconds
from ._response import Response
from ._schema import schema_text
from ._tools import Tool, make_tools
from .errors import ContextCanceledError, InvalidInputError

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


@dataclass
class Embeddings:
    """Vectors of texts, in the order of the texts."""

    vectors: List[List[float]]
    usage: Usage
    model: str = ""
    provider: str = ""
    request_id: str = ""

    def __iter__(self) -> Iterator[List[float]]:
        return iter(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, index: int) -> List[float]:
        return self.vectors[index]


@dataclass
class TokenCount:
    tokens: int
    left_out: str = ""  #: the parts that the provider does not count


@dataclass
class ModelInfo:
    """A model on a provider's list. Facts that the list does not have are None or 0."""

    name: str
    context_tokens: Optional[int] = None
    max_output_tokens: Optional[int] = None
    input_price: Optional[float] = None  #: US dollars for a million tokens
    output_price: Optional[float] = None
    created: int = 0  #: seconds since 1970


@dataclass
class Health:
    state: str  #: "healthy", "unhealthy" or "unknown"
    provider: str
    model: str
    api_key_set: bool
    probed: bool
    latency: Optional[float]  #: latency of the probe, in seconds
    error: Optional[Error] = None  #: why it is unhealthy


class Stream:
    """The events of a call, for `for` or `async for`. The call starts when the first event is requested.

    Works with `with` and `async with`. The call is cancelled when that block ends, when the stream is deleted, or when the
    task that reads it is cancelled.

    One thread or task may read a stream at a time; another one gets InvalidInputError. Any thread may close it. A stream
    that was begun by `async for` is read on its event loop.
    """

    def __init__(self, model: "Model", prompt: Input, run_tools: bool, settings: Dict[str, Any]) -> None:
        self._model = model
        self._ask = _Ask(model, prompt, settings)
        self._run_tools = run_tools
        self._call: Optional[AnswerCall] = None
        self._engine: Optional[Engine] = None  # leased for this stream; None under asyncio
        self._context: Any = None  # cancels the call from any thread; None under asyncio
        self._lock = threading.Lock()  # held by who reads or frees the stream: the loop is for one thread at a time
        self._reader: Optional[int] = None  # the thread that has read last
        self._stop = False  # close() was called
        self._cut = False  # another thread has closed it, which the reader has not learned yet
        self._closed = False
        self._response: Optional[Response] = None

    def _start(self, engine: Engine, tools_on: Optional[asyncio.AbstractEventLoop]) -> AnswerCall:
        if tools_on is None:
            self._context = self._ask.context = new_cancellable(self._ask.context)
        if self._run_tools:
            self._call = self._ask.start_tools(engine, True, tools_on)
        else:
            self._call = self._ask.start(engine, lib.beluga_stream_start_n, True)
        if self._stop:  # another thread has closed the stream while it began
            self._call.cancel()
        return self._call

    def _hold(self) -> None:
        """Take the lock for one read."""
        if self._lock.acquire(False):
            self._reader = threading.get_ident()
        elif self._stop:
            raise _cut()
        else:
            raise InvalidInputError("another task or thread reads this stream: one at a time may")

    def _is_over(self) -> bool:
        if self._cut:
            self._cut = False
            raise _cut()
        return self._closed

    def _next(self, call: AnswerCall) -> Optional[Event]:
        """Return a waiting event, or None; raise the error of the call after the last event."""
        if call.queue:
            return call.take()
        if not call.ended:
            return None
        self._finish(call)
        if call.error is not None:
            raise call.error
        return None

    def _finish(self, call: AnswerCall) -> None:
        taken = call.take_response()
        if taken != NULL:
            response = self._ask.response(taken, call)
            if call.error is None:
                self._response = response
            elif isinstance(call.error, Error) and call.first >= 0:
                call.error.partial = response

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Event:
        self._hold()
        try:
            return self._read()
        finally:
            self._lock.release()

    def _read(self) -> Event:
        if self._is_over():
            raise StopIteration
        if self._call is None:
            self._engine = lease()
            try:
                self._start(self._engine, None)
            except BaseException:
                self._free()
                raise
        call = self._call
        assert call is not None
        if self._engine is None:
            raise InvalidInputError("this stream was begun by `async for`: go on with that")
        try:
            while True:
                event = self._next(call)
                if event is not None:
                    return event
                if call.ended:
                    self._free()
                    raise StopIteration
                self._engine.wait()
        except StopIteration:
            raise
        except BaseException:
            self._free()
            raise

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Event:
        self._hold()
        try:
            return await self._read_async()
        finally:
            self._lock.release()

    async def _read_async(self) -> Event:
        if self._is_over():
            raise StopAsyncIteration
        if self._call is None:
            try:
                self._start(engine_of_running_loop(), running_loop())
            except BaseException:
                self._closed = True
                raise
        call = self._call
        assert call is not None
        if self._engine is not None:
            raise InvalidInputError("this stream was begun by `for`: go on with that")
        if not call.ended and not call.engine.is_of_this_thread():
            raise InvalidInputError("this stream was begun on another event loop: read it there")
        try:
            while True:
                event = self._next(call)
                if event is not None:
                    return event
                if call.ended:
                    self._closed = True
                    raise StopAsyncIteration
                await call.sleep()
        except StopAsyncIteration:
            raise
        except BaseException:
            self._abandon()
            raise

    def _abandon(self) -> None:
        self._closed = True
        if self._call is not None:
            self._call.cancel_from_anywhere()

    def _free(self) -> None:
        """Cancel the call if it runs, and free it. The caller holds the lock."""
        self._abandon()
        engine, self._engine = self._engine, None
        if engine is None:
            return
        if self._call is not None and not self._call.ended:
            try:
                engine.leave()
            except Error:
                pass
        give_back(engine)
        self._context, self._ask.context = None, NULL  # it has a descriptor

    def close(self) -> None:
        """Cancel the call if it runs, and free it. Blocks for two seconds at most.

        Any thread may close a stream. If another one reads it, this does not wait: the reader ends with
        ContextCanceledError.
        """
        self._stop = True
        if not self._lock.acquire(False):
            self._interrupt()
            return
        try:
            is_under_way = self._call is not None and not self._closed
            self._cut = self._cut or (is_under_way and self._reader != threading.get_ident())
            self._free()
        finally:
            self._lock.release()

    def _interrupt(self) -> None:
        """Cancel a call that is being read: by another thread or task, or by what this signal handler has interrupted."""
        context = self._context
        if context is not None:
            lib.beluga_context_cancel(context)
        elif self._call is not None:
            self._call.cancel_from_anywhere()

    async def aclose(self) -> None:
        """Cancel the call if it runs."""
        self.close()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *exception: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_call", None) is None:
            return
        if self._engine is not None:
            engine, self._engine = self._engine, None
            # This does not wait until the service has been told that the call is cancelled.
            engine.close()
        elif not self._closed:
            self._abandon()

    @property
    def text(self) -> "Texts":
        """Only the pieces of the answer's text, for `for` or `async for`."""
        return Texts(self)

    @property
    def response(self) -> Response:
        """The whole answer. The stream must have ended."""
        if self._response is None:
            raise InvalidInputError("the stream has not come to its end: read it to the last event")
        return self._response


def _cut() -> ContextCanceledError:
    return ContextCanceledError("another thread has closed the stream")


class Texts:
    """The text of a stream, piece by piece."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while True:
            event = next(self.stream)
            if isinstance(event, TextEvent):
                return event.text

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while True:
            event = await self.stream.__anext__()
            if isinstance(event, TextEvent):
                return event.text


class _Ask:
    """The objects of the library that one call needs: messages, options and context."""

    def __init__(self, model: "Model", prompt: Input, settings: Dict[str, Any]) -> None:
        self.model = model
        self.messages = new_messages(prompt)
        self.count = lib.beluga_messages_count(self.messages)
        self.schema = settings.get("response_schema")
        self.context = new_context(settings.pop("deadline", None), settings.pop("traceparent", None))
        self.options = _call_options(settings)

    def start(self, engine: Engine, function: Any, has_reader: bool) -> AnswerCall:
        return new_answer(engine, function, self.model._c, self.context, self.messages, self.options, has_reader)

    def start_tools(self, engine: Engine, has_reader: bool, loop: Optional[asyncio.AbstractEventLoop]) -> ToolRun:
        bound = _bind(self.model._c, self.model.tools, loop)
        return ToolRun(engine, has_reader, bound, self.context, self.messages, self.options)

    def response(self, taken: Any, call: AnswerCall) -> Response:
        added = messages_of_c(self.messages, self.count) if isinstance(call, ToolRun) else None
        return Response(taken, self.schema, added)

    def result(self, call: AnswerCall) -> Response:
        """Return the response of a call that has succeeded."""
        return self.response(check_memory(call.take_response()), call)

    def failed(self, call: AnswerCall, error: BaseException) -> None:
        taken = call.take_response()
        if taken != NULL:
            response = self.response(taken, call)
            if isinstance(error, Error) and call.first >= 0:
                error.partial = response


def _call_options(settings: Mapping[str, Any]) -> Options:
    schema = settings.get("response_schema")
    if schema is not None and not isinstance(schema, str):
        settings = {**settings, "response_schema": schema_text(schema)}
    return Options(settings)


def _bind(c_model: Any, tools: Sequence[Tool], loop: Optional[asyncio.AbstractEventLoop]) -> Any:
    made = [tool.new_c_tool(loop) for tool in tools]
    out, error = ffi.new("beluga_chat_model **"), new_error()
    check(lib.beluga_bind_tools(c_model, ffi.new("beluga_tool *[]", made), len(made), out, error), error)
    return ffi.gc(out[0], lib.beluga_chat_model_unref)


class Model:
    """A language model: Model("openai/gpt-5-mini", temperature=0.2).

    A reference is "provider/model", a provider's name, or an alias of a configuration file. Options have the names of
    docs/reference/options.md; times are in seconds, or texts such as "30s". Keys come from the provider's environment
    variables, unless `api_key` is given: a text, a reference such as "file:PATH", or a function. Options that only one
    provider has are given as a dict under its name: mock={"responses": "…"}.

    Any number of threads and event loops may use a model at once. Methods whose names begin with `a`, such as
    `agenerate`, are for asyncio.
    """

    def __init__(self, reference: Optional[str] = None, *, config: Union[None, str, "os.PathLike[str]", Sequence[str]] = None,
                 **options: Any) -> None:
        options.setdefault("environment", True)
        made = _call_options(options)
        self._kept: List[Any] = made.kept
        self._tools: Tuple[Tool, ...] = ()
        self._c: Any = _open(reference, _files(config), made)

    @property
    def name(self) -> str:
        return text_of(lib.beluga_model_name(self._c))

    @property
    def provider(self) -> str:
        return text_of(lib.beluga_provider_name(self._c))

    @property
    def tools(self) -> Tuple[Tool, ...]:
        """The bound tools."""
        return self._tools

    def __repr__(self) -> str:
        return f"Model({self.provider + '/' + self.name!r})"

    def bind_tools(self, *tools: Any) -> "Model":
        """Return a model with these tools, which may be functions. This model does not change."""
        if len(tools) == 1 and isinstance(tools[0], (list, tuple)):
            tools = tuple(tools[0])
        made = object.__new__(Model)
        made._kept = self._kept
        made._tools = tuple(make_tools(tools))
        made._c = _bind(self._c, made._tools, None)
        return made

    # --- one answer --------------------------------------------------------------------------------------------------

    def generate(self, prompt: Input, **options: Any) -> Response:
        """Return the whole answer. Also takes `deadline` (seconds for the call with all its retries) and `traceparent`."""
        ask = _Ask(self, prompt, options)
        return _block(ask, lambda engine: ask.start(engine, lib.beluga_generate_start_n, False))

    async def agenerate(self, prompt: Input, **options: Any) -> Response:
        ask = _Ask(self, prompt, options)
        return await _await(ask, ask.start(engine_of_running_loop(), lib.beluga_generate_start_n, False))

    def invoke(self, prompt: Input, **options: Any) -> Response:
        """Return the final answer of a tool loop: the bound tools run as often as the model calls them."""
        if not self._tools:
            return self.generate(prompt, **options)
        ask = _Ask(self, prompt, options)
        return _block(ask, lambda engine: ask.start_tools(engine, False, None))

    async def ainvoke(self, prompt: Input, **options: Any) -> Response:
        if not self._tools:
            return await self.agenerate(prompt, **options)
        ask = _Ask(self, prompt, options)
        return await _await(ask, ask.start_tools(engine_of_running_loop(), False, running_loop()))

    def stream(self, prompt: Input, *, run_tools: bool = False, **options: Any) -> Stream:
        """Return the answer as a stream, for `for` and `async for`. `run_tools` runs the bound tools as `invoke` does."""
        return Stream(self, prompt, run_tools, options)

    # --- many --------------------------------------------------------------------------------------------------------

    def batch(self, prompts: Iterable[Input], *, return_errors: bool = False, **options: Any) -> List[Any]:
        """Return the answers to many prompts, in their order. At most `max_concurrent_batches` (5) calls run at once.

        When all calls have ended the first error is raised. With `return_errors` errors are in the list instead, also those
        of prompts that can't be sent.
        """
        _batch.check_prompts(prompts)
        engine = lease()
        try:
            call = _batch.BatchCall(engine, self._c, prompts, options)
            call.wait()
        finally:
            engine.leave()
            give_back(engine)
        return call.outcome(return_errors)

    async def abatch(self, prompts: Iterable[Input], *, return_errors: bool = False, **options: Any) -> List[Any]:
        _batch.check_prompts(prompts)
        call = _batch.BatchCall(engine_of_running_loop(), self._c, prompts, options)
        await call.wait_async()
        return call.outcome(return_errors)

    # --- vectors and counts ------------------------------------------------------------------------------------------

    def embed(self, texts: Union[str, Sequence[str]], **options: Any) -> Embeddings:
        """Return a vector for each text."""
        return _block_job(lambda engine: _EmbedCall(engine, self._c, texts, options))

    async def aembed(self, texts: Union[str, Sequence[str]], **options: Any) -> Embeddings:
        call = _EmbedCall(engine_of_running_loop(), self._c, texts, options)
        await call.wait_async()
        return call.value()

    def count_tokens(self, prompt: Input, **options: Any) -> TokenCount:
        """Return the number of tokens of the messages and the bound tools, as the provider counts them."""
        return _block_job(lambda engine: _CountCall(engine, self._c, prompt, options))

    async def acount_tokens(self, prompt: Input, **options: Any) -> TokenCount:
        call = _CountCall(engine_of_running_loop(), self._c, prompt, options)
        await call.wait_async()
        return call.value()

    # --- the provider ------------------------------------------------------------------------------------------------

    def list_models(self, *, deadline: Optional[float] = None) -> List[ModelInfo]:
        """Return the list of models of the provider."""
        return _interruptible(lambda context: _list_models(self._c, context), deadline)

    async def alist_models(self, *, deadline: Optional[float] = None) -> List[ModelInfo]:
        return await _on_thread(lambda context: _list_models(self._c, context), deadline)

    def check_health(self, *, probe: bool = False, deadline: Optional[float] = None) -> Health:
        """Return whether the model can be called. With `probe` a request is sent to its provider."""
        return _interruptible(lambda context: _check_health(self._c, context, probe), deadline)

    async def acheck_health(self, *, probe: bool = False, deadline: Optional[float] = None) -> Health:
        return await _on_thread(lambda context: _check_health(self._c, context, probe), deadline)


# --- opening ---------------------------------------------------------------------------------------------------------


def _files(config: Any) -> List[str]:
    if config is None:
        return []
    if isinstance(config, (str, os.PathLike)):
        return [os.fspath(config)]
    return [os.fspath(path) for path in config]


def _open(reference: Optional[str], files: Sequence[str], options: Options) -> Any:
    error, resolved = new_error(), ffi.new("beluga_config **")
    config = ffi.gc(check_memory(lib.beluga_config_new_n(options.array, options.count)), lib.beluga_config_free)
    for path in files:
        check(lib.beluga_config_load_file(config, encode_path("config", path), error), error)
    name = NULL if reference is None else encode_name("the reference of a model", reference)
    registry = check_memory(lib.beluga_registry_default())
    check(lib.beluga_config_resolve(config, registry, name, resolved, error), error)
    mine = ffi.gc(resolved[0], lib.beluga_config_free)
    _settle(mine)
    out = ffi.new("beluga_chat_model **")
    check(lib.beluga_registry_open(registry, NULL, mine, out, error), error)
    return ffi.gc(out[0], lib.beluga_chat_model_unref)


def _settle(config: Any) -> None:
    """Set the paths of certificates and of the price list, which the library of the wheel does not know."""
    if not IS_BUNDLED:
        return
    missing: Dict[str, Any] = {}
    text, number = ffi.new("char **"), ffi.new("double *")
    if not lib.beluga_config_get_string(config, TABLE["ca_file"][0], text):
        missing["ca_file"] = _certificates.find()
    if (lib.beluga_config_get_double(config, TABLE["budget"][0], number)
            and not lib.beluga_config_get_string(config, TABLE["prices"][0], text)):
        missing["prices"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "prices.yaml")
    options = Options(missing)
    if options.count:
        check(lib.beluga_config_set_n(config, options.array, options.count))


# --- waiting ---------------------------------------------------------------------------------------------------------


def _block(ask: _Ask, start: Callable[[Engine], AnswerCall]) -> Response:
    engine = lease()
    call: Optional[AnswerCall] = None
    try:
        call = start(engine)
        call.wait()
        return ask.result(call)
    except BaseException as error:
        if call is not None:
            engine.leave()
            ask.failed(call, error)
        raise
    finally:
        give_back(engine)


async def _await(ask: _Ask, call: AnswerCall) -> Response:
    try:
        await call.wait_async()
        return ask.result(call)
    except Error as error:
        ask.failed(call, error)
        raise


class _ValueCall(JobCall, Generic[T]):
    def value(self) -> T:
        return self.result  # type: ignore[no-any-return]


def _block_job(start: Callable[[Engine], "_ValueCall[T]"]) -> T:
    engine = lease()
    try:
        call = start(engine)
        call.wait()
        return call.value()
    finally:
        if engine.calls:
            engine.leave()
        give_back(engine)


def _interruptible(function: Callable[[Any], T], deadline: Optional[float]) -> T:
    """Run a function that blocks on another thread, so that Control-C ends the wait and cancels the call."""
    context = _context_under(deadline)
    outcome: List[Any] = []

    def run() -> None:
        try:
            outcome.append((function(context[-1]), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, name="libbeluga", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        lib.beluga_context_cancel(context[0])
        thread.join()
        raise
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]


async def _on_thread(function: Callable[[Any], T], deadline: Optional[float]) -> T:
    context = _context_under(deadline)
    try:
        return await running_loop().run_in_executor(None, function, context[-1])
    except BaseException:
        lib.beluga_context_cancel(context[0])
        raise


def _context_under(deadline: Optional[float]) -> List[Any]:
    """Return a context to cancel, and the context below it that is passed to the call."""
    contexts = [new_cancellable()]
    if deadline is not None:
        made = check_memory(lib.beluga_context_new_timeout(contexts[0], max(0, milliseconds("deadline", deadline))))
        contexts.append(ffi.gc(made, lib.beluga_context_unref))
    return contexts


# --- embeddings and counts -------------------------------------------------------------------------------------------


@callback("void(void *, beluga_embeddings *, beluga_error *)")
def _embedded(payload: Any, embeddings: Any, c_error: Any) -> None:
    call = ffi.from_handle(payload)
    try:
        call.done(None if embeddings == NULL else _make_embeddings(embeddings), c_error)
    except BaseException as error:
        call.error = error
        call.end()
    finally:
        lib.beluga_embeddings_free(embeddings)


def _make_embeddings(e: Any) -> Embeddings:
    size = lib.beluga_embeddings_dimensions(e)
    vectors: List[List[float]] = [ffi.unpack(lib.beluga_embeddings_vector(e, i), size) for i in range(lib.beluga_embeddings_count(e))]
    return Embeddings(vectors, make_usage(lib.beluga_embeddings_usage(e)), text_of(lib.beluga_embeddings_model(e)),
                      text_of(lib.beluga_embeddings_provider(e)), text_of(lib.beluga_embeddings_request_id(e)))


def _listed(texts: Any) -> Iterable[Any]:
    if isinstance(texts, (bytes, bytearray, Mapping)) or not isinstance(texts, Iterable):
        raise InvalidInputError(f"embed takes a text or a list of texts, not {type(texts).__name__}")
    return texts


def _encode_input(text: Any) -> bytes:
    if not isinstance(text, str):
        raise InvalidInputError(f"embed takes texts, not {type(text).__name__}")
    return encode(text)


class _EmbedCall(_ValueCall[Embeddings]):
    def __init__(self, engine: Engine, model: Any, texts: Union[str, Sequence[str]], settings: Dict[str, Any]) -> None:
        super().__init__(engine)
        context = new_context(settings.pop("deadline", None), settings.pop("traceparent", None))
        options = _call_options(settings)
        data = [_encode_input(text) for text in ([texts] if isinstance(texts, str) else _listed(texts))]
        pointers = [ffi.new("char[]", text) for text in data]
        out = ffi.new("beluga_job **")
        self.begin(lib.beluga_embed_start_n(
            model, engine.loop, context, ffi.new("char *[]", pointers or [NULL]), ffi.new("size_t[]", [len(d) for d in data] or 1),
            len(data), _embedded, self.handle, out, self.c_error, options.array, options.count))
        self.op, self.kept = out[0], model


@callback("void(void *, beluga_token_count *, beluga_error *)")
def _counted(payload: Any, count: Any, c_error: Any) -> None:
    call = ffi.from_handle(payload)
    try:
        call.done(None if count == NULL else TokenCount(count.tokens, text_of(count.left_out)), c_error)
    except BaseException as error:
        call.error = error
        call.end()


class _CountCall(_ValueCall[TokenCount]):
    def __init__(self, engine: Engine, model: Any, prompt: Input, settings: Dict[str, Any]) -> None:
        super().__init__(engine)
        context = new_context(settings.pop("deadline", None), settings.pop("traceparent", None))
        options = _call_options(settings)
        out = ffi.new("beluga_job **")
        self.begin(lib.beluga_count_tokens_start_n(model, engine.loop, context, new_messages(prompt), _counted, self.handle,
                                                   out, self.c_error, options.array, options.count))
        self.op, self.kept = out[0], model


# --- facts of models -------------------------------------------------------------------------------------------------


def _price(dollars: float) -> Optional[float]:
    return None if dollars < 0 else dollars


def _list_models(model: Any, context: Any) -> List[ModelInfo]:
    out, count, error = ffi.new("beluga_model_info **"), ffi.new("size_t *"), new_error()
    check(lib.beluga_list_model_infos(model, context, out, count, error), error)
    try:
        return [ModelInfo(text_of(i.name), known(i.context_tokens), known(i.max_output_tokens), _price(i.input_price),
                          _price(i.output_price), i.created) for i in (out[0][n] for n in range(count[0]))]
    finally:
        lib.beluga_free(out[0])


def _check_health(model: Any, context: Any, probe: bool) -> Health:
    health, error = ffi.new("beluga_health *"), new_error()
    status = lib.beluga_check_health(model, context, probe, health, error)
    latency = None if health.latency_ms < 0 else health.latency_ms / 1000
    return Health(text_of(health.state), text_of(health.provider), text_of(health.model), bool(health.api_key_set),
                  bool(health.probed), latency, make_error(error) if status else None)


__all__ = ["Embeddings", "Health", "Message", "Model", "ModelInfo", "Stream", "Texts", "TokenCount", "Call"]
