/* The scene of a test about calls: a scripted peer, a model that asks it, and objects of one call.
 *
 *     static void a_server_that_hangs_up_is_stream_closed(scene *s)
 *     {
 *         script(s->peer, BEGINS, SAYS("Hello"), CLOSES);
 *         expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "start metadata [Hello]");
 *     }
 *     ...
 *     SCENE(a_server_that_hangs_up_is_stream_closed),
 *
 * The objects of a scene are freed after the test, in this order: stream, op, model, loop, context,
 * peer. A test that frees one of them itself sets it to NULL: RELEASE(beluga_loop_free, s->loop).
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "calls.h"
#include "script.h"

typedef struct scene {
    peer *peer;
    beluga_chat_model *model; /* `openai` at the peer, unless a test opens another model */
    beluga_context *ctx;      /* NULL, unless a test makes a context; calls begin under it */
    beluga_loop *loop;
    beluga_stream *stream;
    beluga_op *op;
    beluga_error err; /* error of the last call of generate */
    record r;         /* record of the last stream, pulled or pushed */
    void (*test)(struct scene *s);
} scene;

typedef struct scene_plan {
    void (*test)(scene *s);
} scene_plan;

/* A row of cmocka's table of tests; the test takes a scene. */
#define SCENE(test) SCENE_WITH(test, set_scene, strike_scene)
/* A row for a file whose scenes have more members; its two functions call set_scene and
 * strike_scene. */
#define SCENE_WITH(test, set, strike) {#test, play_scene, set, strike, SCENE_PLAN(test)}
#define SCENE_PLAN(function)          (&(scene_plan){.test = (function)})
int set_scene(void **state);
void play_scene(void **state);
int strike_scene(void **state);

#define RELEASE(release, member) \
    do {                         \
        release(member);         \
        (member) = NULL;         \
    } while (0)
/* Free stream, op and model before the test ends, because they use objects that belong to the
 * test. */
void let_go(scene *s);

/* --- the model -------------------------------------------------------------------------------- */

/* Put another model into the scene; the previous one is freed. */
void use_model(scene *s, beluga_chat_model *model);
#define open_with(s, ...)      use_model(s, open_peer_with((s)->peer, __VA_ARGS__))
#define open_mock_with(s, ...) use_model(s, open_mock(__VA_ARGS__))

/* --- calls ------------------------------------------------------------------------------------ */

/* Expect that a whole stream ends with this status; its events are in the record. */
#define expect_end(s, expected) \
    assert_int_equal(stream_whole_n((s)->model, (s)->ctx, &(s)->r, NULL, 0), expected)
/* Expect that a whole stream ends with this status and has this story. */
#define expect_stream(s, expected, story) \
    do {                                  \
        expect_end(s, expected);          \
        assert_story(&(s)->r, story);     \
    } while (0)
/* Expect that a whole stream with these options of the call ends with this status. */
#define expect_stream_with(s, expected, ...)                                                  \
    assert_int_equal(stream_whole_n((s)->model, (s)->ctx, &(s)->r,                            \
                                    (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
                                    BELUGA_OPTIONS_TERMINATED),                               \
                     expected)
/* Expect that a call without a stream succeeds. Its text is compared with `text` unless that is
 * NULL. */
#define expect_text(s, text) \
    assert_int_equal(generate_under((s)->model, (s)->ctx, text, &(s)->err), 0)
/* Expect that a call without a stream fails with this code. */
#define expect_failure(s, code) \
    assert_int_equal(generate_under((s)->model, (s)->ctx, NULL, &(s)->err), code)

/* --- a stream that is pulled ------------------------------------------------------------------ */

/* Begin a stream and pull it until an event of this kind, which is returned. */
const beluga_event *begin_until(scene *s, uint32_t kind);
void pull_to_the_end(scene *s);

/* --- a stream that is pushed ------------------------------------------------------------------ */

/* Begin a stream on the scene's loop, and clear the scene's record for it. */
void push(scene *s);
void step_to_text(scene *s);
void step_to_the_end(scene *s);
/* Step until the peer has received this number of requests. */
void step_to_requests(scene *s, size_t n);
/* Start a pushed stream, step its loop to the end, and compare the text of all its events, the
 * story, with this one. */
#define expect_push(s, story)         \
    do {                              \
        push(s);                      \
        step_to_the_end(s);           \
        assert_story(&(s)->r, story); \
    } while (0)

/* --- the peer's side -------------------------------------------------------------------------- */

/* Wait until the peer has sent all of answer `i`, or until the client closed its connection. */
void wait_answered(scene *s, size_t i);
void wait_cancelled(scene *s, size_t i);
/* Open gate 0, and wait until the peer has sent the rest of answer 0. */
void let_the_rest_come(scene *s);
void expect_requests(scene *s, size_t n);

#endif
