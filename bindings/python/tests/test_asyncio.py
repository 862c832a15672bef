"""Calls under asyncio: on the event loop's thread, with back-pressure and cancellation, and without leaks."""
import asyncio
import gc
import json
import multiprocessing
import os
import threading
import time
import weakref

import pytest

import libbeluga
from libbeluga import Model, _engine, errors
from conftest import sse

try:
    import uvloop
except ImportError:
    uvloop = None

LOOPS = [pytest.param(asyncio.new_event_loop, id="asyncio"),
         pytest.param(uvloop.new_event_loop if uvloop else None, id="uvloop",
                      marks=pytest.mark.skipif(uvloop is None, reason="uvloop is not here"))]


@pytest.fixture(params=LOOPS)
def run(request):
    """Runs a coroutine as asyncio.run does, on each kind of loop."""
    def run(coroutine):
        loop = request.param()
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
    return run


@pytest.fixture
def mock():
    return Model("mock/echo")


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def engines():
    gc.collect()
    return [o for o in gc.get_objects() if isinstance(o, _engine.Engine) and o.loop != _engine.NULL and o.asyncio_loop]


def test_a_stream(run, mock):
    async def main():
        thread, pieces = threading.get_ident(), []
        async for piece in mock.stream("Hello from Python", mock={"word_delay_ms": 1}).text:
            assert threading.get_ident() == thread
            pieces.append(piece)
        return pieces

    before = threading.active_count()
    assert run(main()) == ["Hello ", "from ", "Python"]
    assert threading.active_count() == before


def test_all_calls(run, mock):
    async def main():
        assert (await mock.agenerate("Hi")).text == "Hi"
        assert (await mock.ainvoke("Hi")).text == "Hi"
        assert [r.text for r in await mock.abatch(["a", "b", "c"])] == ["a", "b", "c"]
        assert len(await mock.aembed(["a", "b"])) == 2
        assert (await mock.acount_tokens("one two")).tokens > 0
        assert (await mock.acheck_health()).state == "healthy"
        with pytest.raises(errors.NotSupportedError):
            await mock.alist_models()
        async with mock.stream("a b") as stream:
            events = [event.kind async for event in stream]
        assert events[-1] == "finish" and stream.response.text == "a b"
        with pytest.raises(errors.RateLimitError):
            await mock.agenerate("Hi", mock={"error": "rate_limit"}, max_retries=0)

    run(main())


def test_nothing_is_left_of_an_event_loop(run, mock):
    async def main():
        await mock.agenerate("Hi")
        assert len(engines()) == 1
        stream = mock.stream("a b c d", mock={"word_delay_ms": 100})
        await stream.__anext__()  # the stream is still running when main() ends

    run(main())
    before = descriptors()
    for _ in range(5):
        run(main())
    assert engines() == [] and descriptors() <= before


def test_a_loop_that_was_closed_without_a_word(mock):
    """If a loop is closed without shutdown_asyncgens(), the next loop or the garbage collector cleans up."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(mock.agenerate("Hi"))
    loop.close()
    gone = weakref.ref(loop)
    del loop
    asyncio.run(mock.agenerate("Hi"))
    gc.collect()
    assert gone() is None and engines() == []


def test_cancelling_the_task_cancels_the_call(run, serve):
    def answer(path, body):
        def pieces():
            while True:
                yield from sse(b'{"choices":[{"delta":{"content":"x"}}]}')
                threading.Event().wait(0.005)
        return 200, {"Content-Type": "text/event-stream"}, pieces()

    server = serve(answer)
    model = Model("openai/x", base_url=server.url)

    async def read():
        async for _ in model.stream("Hi"):
            pass

    async def main():
        task = asyncio.ensure_future(read())
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert server.gone.wait(60)


async def until_no_call_runs():
    engine, end = _engine.engine_of_running_loop(), time.monotonic() + 60
    while engine.calls:
        assert time.monotonic() < end, "the call goes on"
        await asyncio.sleep(0.01)
    return engine


@pytest.mark.parametrize("end", ["break", "aclose", "async with", "drop", "error"])
def test_leaving_a_stream_ends_its_call(run, mock, end):
    async def leave():
        stream = mock.stream("a b c d e f g h " * 250, mock={"word_delay_ms": 200})
        if end == "async with":
            async with stream:
                await stream.__anext__()
        elif end == "error":
            with pytest.raises(ZeroDivisionError):
                async for _ in stream:
                    1 / 0
        else:
            async for _ in stream:
                break
            if end == "aclose":
                await stream.aclose()

    async def main():
        await leave()
        gc.collect()
        engine = await until_no_call_runs()
        assert _engine.lib.beluga_loop_active(engine.loop) == 0

    run(main())


def test_a_slow_reader_stops_the_server(run, serve):
    """The server has more to send than all buffers hold, and must not get rid of it while the stream is not read."""
    sent = []

    def answer(path, body):
        def pieces():
            for _ in range(4000):
                yield from sse(b'{"choices":[{"delta":{"content":"' + b"x" * 10000 + b'"}}]}')
                sent.append(1)
            yield from sse(b'{"choices":[{"delta":{},"finish_reason":"stop"}]}', b"[DONE]")
        return 200, {"Content-Type": "text/event-stream"}, pieces()

    server = serve(answer)
    model = Model("openai/x", base_url=server.url, max_response_bytes=100_000_000)

    async def main():
        stream = model.stream("Hi")
        await stream.__anext__()
        still = -1
        while still != len(sent):  # until the server can't send any more
            still = len(sent)
            await asyncio.sleep(0.3)
        assert still < 4000 and len(stream._call.queue) < 1000
        total = 0
        async for piece in stream.text:
            total += len(piece)
        return total

    assert run(main()) == 4000 * 10000


def test_several_loops_in_threads(mock):
    failed = []

    async def main(n):
        for i in range(20):
            if (await mock.agenerate(f"{n} {i}")).text != f"{n} {i}":
                failed.append((n, i))

    threads = [threading.Thread(target=lambda n=n: asyncio.run(main(n))) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and engines() == []


def test_a_stream_dropped_on_another_thread(run, mock):
    async def main():
        streams = [mock.stream("a b c " * 700, mock={"word_delay_ms": 200})]
        await streams[0].__anext__()
        await asyncio.get_running_loop().run_in_executor(None, streams.clear)
        await until_no_call_runs()

    run(main())


def test_a_thousand_streams_at_once(run, peer):
    model = Model("openai/plain", base_url=peer, timeout="2m", connect_timeout="1m")

    async def one():
        pieces = [piece async for piece in model.stream("Hello").text]
        return "".join(pieces)

    async def main():
        answers = await asyncio.gather(*(one() for _ in range(1000)))
        assert len(set(answers)) == 1 and len(answers[0]) > 10

    run(main())


def test_sync_inside_async_and_the_wrong_loop_word(run, mock):
    async def main():
        assert mock.generate("blocking").text == "blocking"
        stream = mock.stream("a b")
        await stream.__anext__()
        with pytest.raises(errors.InvalidInputError):
            next(stream)
        other = mock.stream("a b")
        next(other)
        with pytest.raises(errors.InvalidInputError):
            await other.__anext__()

    run(main())


def child(queue):
    try:
        model = Model("mock/echo")
        queue.put((model.generate("in the child").text, asyncio.run(model.agenerate("async")).text))
    except BaseException as error:
        queue.put(repr(error))


def test_after_fork(mock):
    mock.generate("in the parent")
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    assert queue.get(timeout=120) == ("in the child", "async")
    process.join()
    queue.close()
    queue.join_thread()
    assert process.exitcode == 0 and mock.generate("Hi").text == "Hi"


def test_a_fork_while_a_loop_runs(mock):
    """The child calls the parent's model on a loop of its own, and the parent's stream continues."""
    async def main():
        stream = mock.stream("a b c")
        await stream.__anext__()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                asyncio._set_running_loop(None)
                status = 0 if asyncio.new_event_loop().run_until_complete(mock.agenerate("Hi")).text == "Hi" else 2
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
        return "".join([piece async for piece in stream.text])

    assert asyncio.run(main()) == "a b c"


def test_no_cycle_keeps_a_response(mock):
    gc.disable()
    try:
        response = mock.generate("Hi")
        gone = weakref.ref(response)
        del response
        assert gone() is None
        stream = mock.stream("Hi")
        list(stream)
        call = weakref.ref(stream._call)
        del stream
        assert call() is None
    finally:
        gc.enable()


def test_under_a_collector_that_never_rests(run, mock):
    old = gc.get_threshold()
    gc.set_threshold(1)
    try:
        async def main():
            for i in range(15):
                stream = mock.stream(f"a b c {i}", mock={"reasoning": "r"})
                if i % 3 == 0:
                    await stream.__anext__()
                else:
                    assert "".join([piece async for piece in stream.text]) == f"a b c {i}"
            await mock.abatch(["a", "b"])
        run(main())
        assert mock.generate("Hi").text == "Hi"
    finally:
        gc.set_threshold(*old)


def test_memory_does_not_grow(mock):
    import resource

    def work():
        for _ in range(300):
            mock.generate("x" * 20000)
            list(mock.stream("x" * 20000))

    work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(4):
        work()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8000  # KiB; 1,200 answers of 20 kB would be 48,000


def test_json_of_an_answer(mock):
    assert json.loads(mock.generate("Hi").to_json())["text"] == "Hi"


def test_restart_events(mock):
    flaky = Model("mock/echo", mock={"error": "stream_closed", "error_after_words": 1, "error_count": 1}, retry_delay=0.1,
                  restart_delivery=True)
    events = list(flaky.stream("a b"))
    restarts = [event for event in events if isinstance(event, libbeluga.RestartEvent)]
    assert len(restarts) == 1 and isinstance(restarts[0].error, errors.StreamClosedError)


def test_two_tasks_at_one_stream(mock):
    async def main():
        stream = mock.stream("a b c", mock={"word_delay_ms": 100})
        first = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0)
        with pytest.raises(errors.InvalidInputError, match="another task"):
            await stream.__anext__()
        assert (await first).kind == "start"

    asyncio.run(main())
