"""One stream and several threads: no object of the library is used by two threads at once."""
import asyncio
import gc
import os
import signal
import threading
import time

import pytest

from libbeluga import Model, errors, tool

MANY = "a " * 100


@pytest.fixture
def slow():
    return Model("mock/echo", mock={"word_delay_ms": 5})


class Reader(threading.Thread):
    """Reads a stream on a thread of its own."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.kinds, self.error = stream, [], None

    def run(self):
        try:
            for event in self.stream:
                self.kinds.append(event.kind)
        except BaseException as error:
            self.error = error


def started(stream, wanted=1):
    readers = [Reader(stream) for _ in range(wanted)]
    for reader in readers:
        reader.start()
    return readers


def close_when_it_runs(stream):
    while stream._call is None:
        time.sleep(0.001)
    stream.close()


@pytest.mark.parametrize("run_tools", [False, True])
def test_another_thread_closes_a_stream(run_tools):
    """The reader, which waits for a word that never comes, ends with context_canceled."""
    model = Model("mock/echo", mock={"word_delay_ms": 600_000}).bind_tools(tool(lambda: 1, name="t"))
    for _ in range(10):
        reader, = started(model.stream(MANY, run_tools=run_tools))
        close_when_it_runs(reader.stream)
        reader.join(60)
        assert not reader.is_alive() and isinstance(reader.error, errors.ContextCanceledError)
        with pytest.raises(errors.InvalidInputError):
            reader.stream.response
    assert Model("mock/echo").generate("Hi").text == "Hi"


def test_many_threads_close_a_stream_that_is_read(slow):
    for _ in range(20):
        reader, = started(slow.stream(MANY))
        closers = [threading.Thread(target=reader.stream.close) for _ in range(4)]
        for thread in closers:
            thread.start()
        for thread in [*closers, reader]:
            thread.join()
        # It was closed before it began, or was cut off, which the reader learns.
        assert reader.kinds == [] if reader.error is None else isinstance(reader.error, errors.ContextCanceledError)


def test_a_stream_that_another_thread_closes_between_two_events(slow):
    """A reader that computes at that time must not take the part that it has for the whole answer."""
    stream = slow.stream(MANY)
    next(stream)
    closer = threading.Thread(target=stream.close)
    closer.start()
    closer.join()
    with pytest.raises(errors.ContextCanceledError, match="another thread"):
        next(stream)
    assert list(stream) == []


def test_a_signal_handler_closes_the_stream_that_it_interrupts():
    stream = Model("mock/echo", mock={"word_delay_ms": 600_000}).stream(MANY)

    def close(*_):
        if stream._call is None:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
        else:
            stream.close()

    old = signal.signal(signal.SIGALRM, close)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(errors.ContextCanceledError):
            list(stream)
    finally:
        signal.signal(signal.SIGALRM, old)


def test_two_threads_read_one_stream():
    """One of them reads all of it; the others get an exception that says why, and do not disturb it."""
    model = Model("mock/echo", mock={"word_delay_ms": 10})
    for _ in range(2):
        readers = started(model.stream(MANY), 4)
        for reader in readers:
            reader.join(60)
            assert not reader.is_alive()
        refused = [r.error for r in readers if r.error is not None]
        assert all(isinstance(e, errors.InvalidInputError) and "another task or thread" in str(e) for e in refused)
        assert sum(r.kinds.count("finish") for r in readers) == 1 and len(refused) >= 1
        assert sum(r.kinds.count("text") for r in readers) == 100


def test_a_stream_may_be_handed_over(slow):
    stream = slow.stream("a b c")
    assert next(stream).kind == "start"
    reader, = started(stream)
    reader.join()
    assert reader.error is None and reader.kinds[-1] == "finish" and stream.response.text == "a b c"


def test_event_loops_of_several_threads_read_one_stream():
    stream, ends = Model("mock/echo", mock={"word_delay_ms": 20}).stream(MANY), []
    all_run = threading.Barrier(3, timeout=60)

    async def read():
        all_run.wait()
        try:
            ends.append([event.kind async for event in stream][-1])
        except errors.Error as error:
            ends.append(str(error))

    threads = [threading.Thread(target=lambda: asyncio.run(read())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    # What the others are told depends on whether the first one waits for an event at that moment.
    refusals = ("another task or thread reads this stream", "begun on another event loop")
    assert ends.count("finish") == 1 and sum(any(words in end for words in refusals) for end in ends) == 2


def test_a_stream_is_read_on_the_loop_that_began_it(slow):
    async def main():
        stream = slow.stream(MANY)
        await stream.__anext__()
        seen = []

        def elsewhere():
            try:
                asyncio.run(stream.__anext__())
            except errors.Error as error:
                seen.append(error)

        await asyncio.get_running_loop().run_in_executor(None, elsewhere)
        assert isinstance(seen[0], errors.InvalidInputError) and "another event loop" in str(seen[0])
        assert [event.kind async for event in stream][-1] == "finish"

    asyncio.run(main())


def test_another_thread_closes_a_stream_under_asyncio():
    async def main():
        stream = Model("mock/echo", mock={"word_delay_ms": 600_000}).stream(MANY)
        threading.Thread(target=close_when_it_runs, args=(stream,)).start()
        with pytest.raises(errors.ContextCanceledError):
            async for _ in stream:
                pass

    asyncio.run(main())


def test_a_loop_that_has_moved_to_another_thread(slow):
    """The thread where a loop ran first may no longer use it when it runs on another."""
    loop, begun, end, box = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), []

    async def begin():
        box.append(slow.stream(MANY))
        await box[0].__anext__()

    async def stay():
        begun.set()
        await end.wait()

    loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_until_complete, args=(stay(),))
    thread.start()
    begun.wait()
    call = box[0]._call
    cancelled_on = []
    call.cancel = lambda: cancelled_on.append(threading.get_ident())
    box[0].close()
    loop.call_soon_threadsafe(end.set)
    thread.join()
    del call.cancel
    assert cancelled_on == [thread.ident]
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_a_stream_of_the_parent_in_a_child(slow):
    """The child gets forked_error, and neither it nor its closing touches what the parent goes on with."""
    stream = slow.stream("a b c d")
    next(stream)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for _ in stream:
                pass
        except errors.ForkedError:
            stream.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert "".join(stream.text) == "a b c d"


def test_a_key_that_is_asked_for_when_its_model_is_gone():
    """A thread of the library still asks for the keys of calls that were cancelled: it reads nothing that was freed."""
    from libbeluga import _callbacks

    async def main():
        for i in range(1000):
            model = Model("openai/x", base_url="http://127.0.0.1:9", max_retries=0, api_key=lambda i=i: f"k{i}")
            task = asyncio.ensure_future(model.agenerate("x"))
            del model
            await asyncio.sleep(0)
            task.cancel()
            del task
            await asyncio.sleep(0)

    asyncio.run(main())
    gc.collect()
    assert not _callbacks._key_functions and len(_callbacks._spare_sources) <= _callbacks.MIN_SPARE_SOURCES + 10
    with pytest.raises(errors.NetworkError):
        Model("openai/x", base_url="http://127.0.0.1:9", max_retries=0, api_key=lambda: "k").generate("x")
