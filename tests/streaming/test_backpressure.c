/* Backpressure: a caller that pulls slowly slows the server down, and needs little memory
 * meanwhile. */
#include "../support/meter.h"
#include "../support/scene.h"

#include <beluga/providers/mock.h>

#include <stdio.h>

/* Open a model in a client whose memory is counted. */
static beluga_chat_model *open_metered(meter *m, const char *provider, const beluga_option *opts,
                                       size_t n)
{
    beluga_allocator allocator = meter_allocator(m);
    beluga_client_settings settings = {.size = sizeof settings, .allocator = &allocator};
    beluga_client *client;
    beluga_chat_model *model;
    beluga_error err = {0};
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    beluga_config *config =
        beluga_config_new(beluga_with_api_key("x"), beluga_with_max_retries(0),
                          beluga_with_model_name("any"), beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(beluga_config_set_n(config, opts, n), 0);
    if (beluga_registry_open(beluga_client_registry(client), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    beluga_client_unref(client); /* the model keeps a reference */
    return model;
}

static beluga_chat_model *open_metered_peer(meter *m, peer *p)
{
    const beluga_option opts[] = {beluga_with_base_url(peer_url(p))};
    return open_metered(m, "openai", opts, 1);
}

enum {
    QUEUE = 64 * 1024,       /* bytes that may wait in a stream */
    READ = 8 * 1024,         /* bytes of one read */
    OVERHEAD = 3 * 64 * 1024 /* for the call itself; buffers grow by doubling, and an event is
                                larger than its text */
};

/* ---- many small events ----------------------------------------------------------------------- */

static void tiny_frames(peer *p, int frames)
{
    static const char frame[] = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";
    static const char end[] =
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    size_t n = (size_t)frames * (sizeof frame - 1);
    char *body = malloc(n + sizeof end);
    assert_non_null(body);
    for (int i = 0; i < frames; i++)
        memcpy(body + (size_t)i * (sizeof frame - 1), frame, sizeof frame - 1);
    memcpy(body + n, end, sizeof end);
    peer_reply *reply = script(p, EVENT_STREAM);
    peer_step_body(reply, body, n + sizeof end - 1);
    free(body);
}

/* The server is as fast as possible, and sends 200,000 events of one letter each. */
static void a_stream_that_is_not_pulled_holds_little(scene *s)
{
    enum { FRAMES = 200000 };
    meter m = {0};
    use_model(s, open_metered_peer(&m, s->peer));
    tiny_frames(s->peer, FRAMES);
    begin_until(s, BELUGA_EVENT_TEXT);
    assert_int_equal(peer_wait_outcome(s->peer, 0, PEER_ANSWERED, 300),
                     -1); /* most bytes are still at the server */
    pull_to_the_end(s);
    assert_int_equal(s->r.texts, FRAMES);
    assert_in_range(atomic_load(&m.peak), 0, QUEUE + READ + OVERHEAD);
    let_go(s);
    assert_int_equal(atomic_load(&m.live), 0);
}

static void large_events_come_whole_and_one_after_the_other(scene *s)
{
    enum { EVENTS = 30, SIZE = 1 << 20 };
    meter m = {0};
    use_model(s, open_metered_peer(&m, s->peer));
    peer_reply *reply = script(s->peer, BEGINS);
    for (int i = 0; i < EVENTS; i++) script_more(reply, SAYS_LETTERS(SIZE));
    script_more(reply, STOPS, DONE);
    pull_to_the_end(s);
    assert_int_equal(s->r.texts, EVENTS);
    assert_int_equal(s->r.bytes, (size_t)EVENTS * SIZE);
    assert_in_range(atomic_load(&m.peak), 0,
                    10 * SIZE); /* a few copies of one event, but never all events */
    let_go(s);
    assert_int_equal(atomic_load(&m.live), 0);
}

static void a_slow_reader_gets_everything_in_the_end(scene *s)
{
    enum { FRAMES = 30000 };
    open_with(s, beluga_with_timeout_ms(2000));
    tiny_frames(s->peer, FRAMES);
    s->stream = begin_stream(s->model, NULL);
    for (int pause = 0; pause < 3; pause++) {
        for (int i = 0; i < FRAMES / 4; i++) assert_non_null(pull_one(s->stream, &s->r));
        peer_wait_outcome(s->peer, 0, PEER_CANCELLED, 50); /* a pause, in which nothing happens */
    }
    pull_to_the_end(s);
    assert_int_equal(s->r.texts, FRAMES);
    assert_int_equal(s->r.finishes, 1);
}

/* --- full providers --------------------------------------------------------------------------- */

static void a_provider_without_a_network_is_only_asked_when_its_stream_is_pulled(scene *s)
{
    meter m = {0};
    enum { WORDS = 20000 };
    char *words = calloc(WORDS, 2);
    assert_non_null(words);
    for (int i = 0; i < WORDS - 1; i++) memcpy(words + 2 * (size_t)i, "x ", 2);
    const beluga_option opts[] = {beluga_mock_with_responses(words),
                                  beluga_mock_with_word_delay_ms(0)};
    use_model(s, open_metered(&m, "mock", opts, 2));
    size_t before = atomic_load(&m.live);
    s->stream = begin_stream(s->model, NULL);
    assert_in_range(atomic_load(&m.live) - before, 0, QUEUE);
    pull_to_the_end(s);
    assert_int_equal(s->r.texts, WORDS - 1);
    let_go(s);
    free(words);
}

/* The second stream allocates only its struct. */
static void events_wait_in_the_memory_of_the_stream_before(scene *s)
{
    enum { STREAM = 512 };
    meter m = {0};
    use_model(s, open_metered(&m, "mock", NULL, 0));
    begin_until(s, BELUGA_EVENT_TEXT);
    pull_to_the_end(s);
    RELEASE(beluga_stream_free, s->stream);
    size_t before = atomic_load(&m.live);
    begin_until(s, BELUGA_EVENT_TEXT);
    assert_in_range(atomic_load(&m.live) - before, 0, STREAM);
    let_go(s);
    assert_int_equal(atomic_load(&m.live), 0);
}

/* --- whole answers ---------------------------------------------------------------------------- */

static void an_answer_larger_than_its_maximum_ends_the_transfer(scene *s)
{
    open_with(s, beluga_with_wire_streaming(true), beluga_with_max_response_bytes(4096));
    tiny_frames(s->peer, 200000);
    expect_failure(s, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(s->err.message, "max_response_bytes"));
    wait_cancelled(s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_stream_that_is_not_pulled_holds_little),
        SCENE(large_events_come_whole_and_one_after_the_other),
        SCENE(a_slow_reader_gets_everything_in_the_end),
        SCENE(a_provider_without_a_network_is_only_asked_when_its_stream_is_pulled),
        SCENE(events_wait_in_the_memory_of_the_stream_before),
        SCENE(an_answer_larger_than_its_maximum_ends_the_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
