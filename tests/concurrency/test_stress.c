/* Many threads share only models. They make calls with and without streams, cancel half of them
 * from another thread at a random moment, and free some streams in the middle. Sockets, contexts
 * and loops are opened and closed so fast that another thread gets their descriptor numbers at
 * once. If a loop used a descriptor after closing it, the thread sanitizer would report that, and
 * an event might be lost. */
#include "../support/calls.h"
#include "../support/script.h"
#include "../support/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 24, CALLS = 60 };

typedef struct stress {
    beluga_chat_model *models[3];
    atomic_int answered, cancelled, failed;
} stress;

typedef struct canceller {
    beluga_context *context;
    unsigned after_us;
} canceller;

static void *cancel_soon(void *argument)
{
    canceller *c = argument;
    usleep(c->after_us);
    beluga_context_cancel(c->context);
    return NULL;
}

static int call_whole(beluga_chat_model *model, beluga_context *context)
{
    beluga_response *response = NULL;
    int status = beluga_invoke_n(model, context, beluga_input_text("Hi"), &response, NULL, NULL, 0);
    beluga_response_free(response);
    return status;
}

static int call_streamed(beluga_chat_model *model, beluga_context *context, int events)
{
    const beluga_event *event = NULL;
    beluga_stream *stream = NULL;
    int status =
        beluga_stream_input_n(model, context, beluga_input_text("Hi"), &stream, NULL, NULL, 0);
    if (status) return status;
    while (!(status = beluga_stream_next(stream, &event, NULL)) && event && --events) continue;
    beluga_stream_free(stream);
    return status;
}

static void one_call(stress *s, unsigned *seed)
{
    canceller c = {beluga_context_new_cancellable(NULL), (unsigned)rand_r(seed) % 3000};
    beluga_chat_model *model = s->models[rand_r(seed) % 3];
    unsigned what = (unsigned)rand_r(seed) % 6;
    pthread_t thread;
    bool cancels = what % 2 && !pthread_create(&thread, NULL, cancel_soon, &c);
    int status = what < 2 ? call_whole(model, c.context)
                          : call_streamed(model, c.context, what < 4 ? -1 : 2);
    if (cancels) pthread_join(thread, NULL);
    beluga_context_unref(c.context);
    atomic_fetch_add(!status                                   ? &s->answered
                     : status == BELUGA_ERROR_CONTEXT_CANCELED ? &s->cancelled
                                                               : &s->failed,
                     1);
}

static void *work(void *argument)
{
    stress *s = argument;
    static atomic_uint number;
    unsigned seed = atomic_fetch_add(&number, 1) * 7919 + 1;
    for (int i = 0; i < CALLS; i++) one_call(s, &seed);
    return NULL;
}

static void threads_that_call_and_cancel_get_answers_or_cancellations(void **state)
{
    peer *p = *state;
    stress s = {.models = {open_peer(p), open_peer(p), open_mock_n(NULL, 0)}};
    script(p, MATCHES_STREAMED, FOR_EVER, STREAMS("Hello"));
    script(p, FOR_EVER, ANSWERS("Hello"));
    threads_run(THREADS, work, &s);
    assert_int_equal(s.failed, 0);
    assert_int_equal(s.answered + s.cancelled, THREADS * CALLS);
    assert_true(s.answered > 0);
    for (int i = 0; i < 3; i++) beluga_chat_model_unref(s.models[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(threads_that_call_and_cancel_get_answers_or_cancellations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
