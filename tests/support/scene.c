#include "scene.h"

int set_scene(void **state)
{
    scene *s = calloc(1, sizeof *s);
    if (!s) return -1;
    s->test = ((const scene_plan *)*state)->test;
    *state = s;
    s->peer = peer_start();
    if (!s->peer) return -1;
    s->loop = new_loop();
    s->model = open_peer(s->peer);
    return 0;
}

void play_scene(void **state)
{
    scene *s = *state;
    s->test(s);
}

int strike_scene(void **state)
{
    scene *s = *state;
    let_go(s);
    beluga_loop_free(s->loop);
    beluga_context_unref(s->ctx);
    peer_stop(s->peer);
    free(s);
    return 0;
}

void let_go(scene *s)
{
    RELEASE(beluga_stream_free, s->stream);
    RELEASE(beluga_op_free, s->op);
    RELEASE(beluga_chat_model_unref, s->model);
}

void use_model(scene *s, beluga_chat_model *model)
{
    beluga_chat_model_unref(s->model);
    s->model = model;
}

/* --- pull ------------------------------------------------------------------------------------- */

const beluga_event *begin_until(scene *s, uint32_t kind)
{
    beluga_stream_free(s->stream);
    record_clear(&s->r);
    s->stream = begin_stream(s->model, s->ctx);
    return pull_until(s->stream, &s->r, kind);
}

void pull_to_the_end(scene *s)
{
    if (!s->stream) s->stream = begin_stream(s->model, s->ctx);
    pull_all(s->stream, &s->r);
}

/* --- push ------------------------------------------------------------------------------------- */

void push(scene *s)
{
    beluga_op_free(s->op);
    record_clear(&s->r);
    s->op = push_stream(s->model, s->loop, s->ctx, &s->r);
}

void step_to_text(scene *s)
{
    while (!s->r.texts) poll_and_step(s->loop);
}

void step_to_the_end(scene *s)
{
    step_until_end(s->loop, &s->r);
}

void step_to_requests(scene *s, size_t n)
{
    while (peer_requests(s->peer) < n) poll_and_step(s->loop);
}

/* --- the peer's side -------------------------------------------------------------------------- */

void wait_answered(scene *s, size_t i)
{
    assert_int_equal(peer_wait_outcome(s->peer, i, PEER_ANSWERED, PATIENCE_MS), 0);
}

void wait_cancelled(scene *s, size_t i)
{
    assert_int_equal(peer_wait_outcome(s->peer, i, PEER_CANCELLED, PATIENCE_MS), 0);
}

void let_the_rest_come(scene *s)
{
    peer_open_gate(s->peer, 0);
    wait_answered(s, 0);
}

void expect_requests(scene *s, size_t n)
{
    assert_int_equal(peer_requests(s->peer), n);
}
