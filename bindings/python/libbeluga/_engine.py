"""Loops of the library, and the calls that run on them.

Every call is started on a loop of the library, and its events arrive while that loop is stepped. A blocking call leases a
loop and steps it itself. Each asyncio event loop has one loop of the library, and watches its descriptor. So no thread is
needed, and all callbacks run on the thread that started the call.
"""
from __future__ import annotations

import atexit
import collections
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, AsyncGenerator, Callable, Deque, List, Optional, Set

from ._error import Error
from ._events import READERS, Event
from ._library import NULL, callback, check, check_memory, error_of_code, ffi, lib, make_error
from .errors import ContextCanceledError, ForkedError

if TYPE_CHECKING:
    import asyncio  # importing it takes time, so only programs that use it do so

# A call is paused while more events or bytes than this wait for the reader. It resumes when half of them were read.
MAX_WAITING_EVENTS = 256
MAX_WAITING_BYTES = 64 * 1024
# The longest wait before Python code runs again; a signal ends the wait at once.
WAIT_MS = 1000
# How long a loop is kept so that it can tell services that their calls are cancelled.
LEAVE_SECONDS = 2.0
MAX_IDLE_LOOPS = 16


class Engine:
    """A loop of the library, and the calls on it. Only one thread may use it at a time."""

    def __init__(self) -> None:
        out = ffi.new("beluga_loop **")
        check(lib.beluga_loop_new(NULL, out))
        self.loop: Any = out[0]
        self.calls: Set["Call"] = set()
        self.is_stepping = False
        self.later: List[Callable[[], None]] = []  # functions to run after the callbacks of a step
        self.failure: Optional[BaseException] = None  # exception of a callback, such as KeyboardInterrupt
        self.process = os.getpid()
        self.asyncio_loop: Optional["weakref.ref[asyncio.AbstractEventLoop]"] = None

    @property
    def is_usable(self) -> bool:
        """Whether the loop was not freed and belongs to this process."""
        return bool(self.loop != NULL) and self.process == os.getpid()

    def is_of_this_thread(self) -> bool:
        """Whether this thread may use the loop. One of asyncio may only be used where its event loop runs."""
        if self.asyncio_loop is None:
            return True
        try:
            return running_loop() is self.asyncio_loop()
        except (ImportError, RuntimeError):  # no event loop runs here
            return False

    def run(self, function: Callable[[Any], int]) -> None:
        """Step the loop, then run the functions that callbacks have deferred with after_step()."""
        if self.loop == NULL:
            raise error_of_code(lib.BELUGA_ERROR_CONTEXT_CANCELED)
        self.is_stepping = True
        try:
            status = function(self.loop)
        finally:
            self.is_stepping = False
        while self.later:
            self.later.pop(0)()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        check(status)

    def wait(self, ms: int = WAIT_MS) -> None:
        self.run(lambda loop: lib.beluga_loop_wait(loop, ms))

    def step(self) -> None:
        self.run(lib.beluga_loop_step)

    def after_step(self, function: Callable[[], None]) -> None:
        """Call a function now, or after the step if a callback runs now."""
        if self.is_stepping:
            self.later.append(function)
        else:
            function()

    def close(self) -> None:
        """Free the loop. Its running calls get no event for that, so they are ended here."""
        if self.is_stepping:
            self.later.append(self.close)
            return
        with _closing:  # two threads may find at the same time that an event loop of asyncio is closed
            loop, self.loop = self.loop, NULL
            calls, self.calls = self.calls, set()
        if self.process == os.getpid():
            lib.beluga_loop_free(loop)
        for call in calls:
            call.lost()

    def leave(self) -> bool:
        """Step the loop until its cancelled calls have ended. Returns whether the loop may be used again."""
        end = time.monotonic() + LEAVE_SECONDS
        while self.loop != NULL and (self.calls or lib.beluga_loop_active(self.loop)):
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.wait(max(1, int(left * 1000)))
        return bool(self.loop != NULL)


# --- blocking --------------------------------------------------------------------------------------------------------

_idle: Deque[Engine] = collections.deque()
_closing = threading.RLock()


def lease() -> Engine:
    """Return a loop for one blocking call, preferably an idle one, which has open connections."""
    try:
        return _idle.pop()
    except IndexError:
        return Engine()


def give_back(engine: Engine) -> None:
    if not engine.is_usable:
        return
    if engine.calls or engine.is_stepping or len(_idle) >= MAX_IDLE_LOOPS:
        engine.close()
    else:
        _idle.append(engine)


def close_idle() -> None:
    while True:
        try:
            engine = _idle.pop()
        except IndexError:
            return
        engine.close()


# --- asyncio ---------------------------------------------------------------------------------------------------------

_engines: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Engine]" = weakref.WeakKeyDictionary()
_engines_lock = threading.Lock()


async def _end_with_loop(engine: Engine) -> AsyncGenerator[None, None]:
    """Free the library's loop with asyncio's: when asyncio shuts down a loop it closes its generators, such as this."""
    try:
        yield
    finally:
        _detach(engine)


def _detach(engine: Engine) -> None:
    loop = engine.asyncio_loop() if engine.asyncio_loop is not None else None
    if loop is not None:
        if not loop.is_closed() and engine.is_usable:
            loop.remove_reader(lib.beluga_loop_fd(engine.loop))
        with _engines_lock:
            if _engines.get(loop) is engine:
                del _engines[loop]
    engine.close()


def _watch(loop: asyncio.AbstractEventLoop) -> Engine:
    engine = Engine()
    engine.asyncio_loop = weakref.ref(loop)
    loop.add_reader(lib.beluga_loop_fd(engine.loop), _ready, weakref.ref(engine))
    # asyncio knows a generator only after its first step, which does not wait for anything.
    guard = _end_with_loop(engine)
    try:
        guard.__anext__().send(None)
    except StopIteration:
        pass
    engine.guard = guard  # type: ignore[attr-defined]
    return engine


def _ready(reference: "weakref.ref[Engine]") -> None:
    engine = reference()
    if engine is not None and engine.is_usable:
        engine.step()


def running_loop() -> "asyncio.AbstractEventLoop":
    import asyncio

    return asyncio.get_running_loop()


def engine_of_running_loop() -> Engine:
    loop = running_loop()
    with _engines_lock:
        engine = _engines.get(loop)
    if engine is not None and engine.is_usable:
        return engine
    with _engines_lock:
        closed = [(other, old) for other, old in _engines.items() if other.is_closed()]
        for other, _ in closed:
            del _engines[other]
    for _, old in closed:
        old.close()
    engine = _watch(loop)
    with _engines_lock:
        _engines[loop] = engine
    return engine


# --- the process -----------------------------------------------------------------------------------------------------


def _in_child() -> None:
    """Forget the loops after a fork: those of the parent are not touched, and new ones are made when needed."""
    global _engines_lock, _closing
    _engines_lock, _closing = threading.Lock(), threading.RLock()
    _idle.clear()


def _at_exit() -> None:
    close_idle()
    with _engines_lock:
        # The loop of a daemon thread that still runs may be in use there. The end of the process frees it.
        engines = [engine for loop, engine in _engines.items() if not loop.is_running()]
        _engines.clear()
    for engine in engines:
        engine.close()


os.register_at_fork(after_in_child=_in_child)
atexit.register(_at_exit)


# --- calls -----------------------------------------------------------------------------------------------------------


def _lost_exception(kind: Any, value: Any, traceback: Any) -> None:
    """Handle an exception, such as from Control-C, that came before the `try` of a callback could catch it."""
    call = traceback.tb_frame.f_locals.get("payload") if traceback is not None else None
    if call:
        ffi.from_handle(call).broken(value)


class Call:
    """A call that runs on an engine until it has ended. Subclasses start it."""

    def __init__(self, engine: Engine) -> None:
        if engine.process != os.getpid():
            raise ForkedError("this call belongs to the parent process")
        self.engine = engine
        self.handle: Any = ffi.new_handle(self)
        self.c_error: Any = ffi.new("beluga_error *")
        self.op: Any = NULL
        self.ended = False
        self.error: Optional[BaseException] = None
        self.waiter: Optional["asyncio.Future[None]"] = None
        self.kept: Any = None  # objects that the library borrows until the call ends

    def begin(self, status: int) -> None:
        """Check the status of the start. While the call runs, the engine holds a reference to it."""
        if status == 0:
            self.engine.calls.add(self)
        check(status, self.c_error)

    def wake(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def end(self) -> None:
        self.ended = True
        self.engine.calls.discard(self)
        self.engine.after_step(self.release)
        self.wake()

    def release(self) -> None:
        """Free the objects of the library for this call, and its handle, which holds a reference to the call."""
        self.kept = self.handle = None

    def lost(self) -> None:
        """Mark the call as ended because its loop was freed, and with it the objects of the call."""
        self.op = NULL
        self.ended = True
        self.kept = self.handle = None
        if self.error is None:
            self.error = ContextCanceledError("the event loop was closed before the call had ended")
        loop = self.engine.asyncio_loop() if self.engine.asyncio_loop is not None else None
        if loop is None or not loop.is_closed():
            self.wake()

    def broken(self, error: BaseException) -> None:
        """Cancel the call because one of its callbacks has raised `error`."""
        if isinstance(error, Exception):
            self.error = self.error or error
        else:
            self.engine.failure = error
        self.engine.after_step(self.cancel)

    def cancel(self) -> None:
        raise NotImplementedError

    def cancel_from_anywhere(self) -> None:
        """Cancel the call from any thread, since Python may free the reader of the call on any thread."""
        engine = self.engine
        if self.ended or not engine.is_usable:
            return
        if engine.is_of_this_thread():
            engine.after_step(self.cancel)
            return
        loop = engine.asyncio_loop() if engine.asyncio_loop is not None else None
        if loop is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(self.cancel)
            except RuntimeError:  # the event loop was closed in the meantime
                pass

    def wait(self) -> None:
        """Step the loop until the call has ended."""
        try:
            while not self.ended:
                self.engine.wait()
        except BaseException:
            self.cancel()
            raise
        if self.error is not None:
            raise self.error

    async def wait_async(self) -> None:
        while not self.ended:
            await self.sleep()
        if self.error is not None:
            raise self.error

    async def sleep(self) -> None:
        """Wait for the next event or the end of the call. If the task is cancelled here, the call is cancelled, too."""
        self.waiter = running_loop().create_future()
        try:
            await self.waiter
        except BaseException:
            self.waiter = None
            self.engine.after_step(self.cancel)
            raise


@callback("void(void *, beluga_event *)", onerror=_lost_exception)
def on_event(payload: Any, event: Any) -> None:
    call = ffi.from_handle(payload)
    try:
        call.event(event)
    except BaseException as error:
        call.broken(error)


class AnswerCall(Call):
    """A call whose events are joined into a response, and also queued for a reader if there is one."""

    def __init__(self, engine: Engine, has_reader: bool) -> None:
        super().__init__(engine)
        self.queue: Optional[Deque[Event]] = collections.deque() if has_reader else None
        self.waiting_bytes = 0
        self.is_paused = False
        self.builder: Any = check_memory(lib.beluga_response_builder_new())
        self.started = time.monotonic_ns()
        self.first = -1
        self.response: Any = NULL

    def event(self, event: Any) -> None:
        kind = event.kind
        check(lib.beluga_response_builder_add(self.builder, event))
        if self.first < 0 and kind in _CONTENT:
            self.first = time.monotonic_ns() - self.started
        if self.queue is not None:
            reader = READERS.get(kind)
            if reader is not None:
                self.add(reader(event))
        if kind == lib.BELUGA_EVENT_FINISH:
            self.finish()
        elif kind == lib.BELUGA_EVENT_ERROR:
            self.error = self.error or make_error(event.u.error)
            self.finish()

    def add(self, event: Event) -> None:
        assert self.queue is not None
        self.queue.append(event)
        self.waiting_bytes += weight(event)
        if not self.is_paused and (len(self.queue) > MAX_WAITING_EVENTS or self.waiting_bytes > MAX_WAITING_BYTES):
            self.is_paused = True
            self.pause(True)
        if self.waiter is not None:
            self.wake()

    def take(self) -> Event:
        """Return the next event. There must be one."""
        assert self.queue is not None
        event = self.queue.popleft()
        self.waiting_bytes -= weight(event)
        if self.is_paused and (len(self.queue) <= MAX_WAITING_EVENTS // 2
                               and self.waiting_bytes <= MAX_WAITING_BYTES // 2):
            self.is_paused = False
            self.pause(False)
        return event

    def pause(self, paused: bool) -> None:
        if not self.ended and self.op != NULL and self.engine.is_usable:
            lib.beluga_op_pause(self.op, paused)

    def finish(self) -> None:
        self.fold()
        self.end()

    def fold(self) -> None:
        """Make the response from the events."""
        builder, self.builder = self.builder, NULL
        if builder == NULL:
            return
        lib.beluga_response_builder_set_times(builder, time.monotonic_ns() - self.started, self.first)
        out = ffi.new("beluga_response **")
        lib.beluga_response_builder_finish(builder, out)
        lib.beluga_response_builder_free(builder)
        self.response = out[0]

    def lost(self) -> None:
        self.fold()
        super().lost()

    def cancel(self) -> None:
        if not self.ended and self.engine.is_usable:
            lib.beluga_op_cancel(self.op)

    def release(self) -> None:
        op, self.op = self.op, NULL
        if self.engine.is_usable:
            lib.beluga_op_free(op)
        super().release()

    def take_response(self) -> Any:
        response, self.response = self.response, NULL
        return response

    def __del__(self) -> None:
        if getattr(self, "builder", NULL) != NULL:
            lib.beluga_response_builder_free(self.builder)
        if getattr(self, "response", NULL) != NULL:
            lib.beluga_response_free(self.response)


_CONTENT = frozenset({lib.BELUGA_EVENT_TEXT, lib.BELUGA_EVENT_REASONING, lib.BELUGA_EVENT_TOOL_CALL_BEGIN,
                      lib.BELUGA_EVENT_MEDIA})


def weight(event: Event) -> int:
    """Return about how many bytes of memory a waiting event takes."""
    text = getattr(event, "text", None) or getattr(event, "arguments", None) or getattr(event, "data", None) or ""
    return len(text) + 64


def new_answer(engine: Engine, start: Any, model: Any, context: Any, messages: Any, options: Any, has_reader: bool) -> AnswerCall:
    """Start a call with beluga_stream_start_n or a function with the same parameters."""
    call = AnswerCall(engine, has_reader)
    out = ffi.new("beluga_op **")
    call.begin(start(model, engine.loop, context, messages, on_event, call.handle, out, call.c_error, options.array,
                     options.count))
    call.op, call.kept = out[0], model
    return call


class ToolRun(AnswerCall):
    """A tool loop. Its events are those of all steps; its response is the last answer."""

    def __init__(self, engine: Engine, has_reader: bool, model: Any, context: Any, messages: Any, options: Any) -> None:
        super().__init__(engine, has_reader)
        out = ffi.new("beluga_tool_run **")
        self.messages = messages
        self.begin(lib.beluga_run_tools_start_n(model, engine.loop, context, messages, on_event, self.handle, out,
                                                self.c_error, options.array, options.count))
        self.op, self.kept = out[0], (model, messages)

    def pause(self, paused: bool) -> None:
        """Do nothing: a tool loop can't be paused. Only the answers of a few steps can pile up."""

    def finish(self) -> None:
        if self.error is None:
            self.engine.after_step(self.take_last)
        else:
            self.fold()
        self.end()

    def take_last(self) -> None:
        lib.beluga_response_builder_free(self.builder)
        self.builder = NULL
        self.response = lib.beluga_tool_run_response(self.op)
        self.wake()

    def cancel(self) -> None:
        """Cancel the run. No events come after this."""
        if self.ended or not self.engine.is_usable:
            return
        self.error = self.error or ContextCanceledError("the run was cancelled")
        self.fold()
        self.end()

    def release(self) -> None:
        op, self.op = self.op, NULL
        if self.engine.is_usable:
            lib.beluga_tool_run_free(op)
        self.kept = self.handle = None


class JobCall(Call):
    """A call that embeds texts, or counts the tokens of messages."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.result: Any = None

    def cancel(self) -> None:
        if not self.ended and self.engine.is_usable:
            lib.beluga_job_cancel(self.op)

    def release(self) -> None:
        op, self.op = self.op, NULL
        if self.engine.is_usable:
            lib.beluga_job_free(op)
        super().release()

    def done(self, result: Any, c_error: Any) -> None:
        if c_error != NULL:
            self.error = make_error(c_error)
        else:
            self.result = result
        self.end()


__all__ = ["AnswerCall", "Call", "Engine", "Error", "JobCall", "ToolRun", "close_idle", "engine_of_running_loop", "give_back", "lease",
           "new_answer", "on_event", "running_loop"]
