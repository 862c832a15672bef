/* Connections that the system can't watch. The test replaces a function of the C library: while
 * `full` is set, this thread can't add a descriptor to an epoll instance, but the peer's thread
 * can. */
#include "../support/scene.h"
#include "../support/scoped.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

static _Thread_local bool full;

int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    typedef int function(int, int, int, struct epoll_event *);
    if (!full || what == EPOLL_CTL_DEL)
        return ((function *)(uintptr_t)dlsym(RTLD_NEXT, "epoll_ctl"))(epoll, what, fd, event);
    errno = ENOSPC;
    return -1;
}

static void step_without_room(beluga_loop *loop)
{
    full = true;
    int status = beluga_loop_step(loop);
    full = false;
    assert_int_equal(status, 0);
}

static void assert_unwatched(const record *r)
{
    assert_int_equal(r->errors, 1);
    assert_int_equal(r->error.code, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(r->error.message, "epoll"));
}

static void a_call_that_can_not_be_watched_fails_in_the_step_of_its_start(scene *s)
{
    open_with(s, beluga_with_max_retries(0));
    push(s);
    step_without_room(s->loop);
    assert_unwatched(&s->r);
}

typedef struct first_call {
    record r;
    scene *scene; /* when the first call fails, its callback resumes the op of this scene */
} first_call;

static void record_and_resume(void *payload, const beluga_event *event)
{
    first_call *first = payload;
    record_event(&first->r, event);
    if (first->r.errors) beluga_op_pause(first->scene->op, false);
}

/* In one step the first call ends, and its callback resumes the second call, whose connection can't
 * be watched. */
static void a_call_that_can_not_be_watched_fails_also_where_another_resumes_it(scene *s)
{
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    first_call first = {.scene = s};
    beluga_op *op;
    beluga_messages_add(messages, beluga_human_message("Hi"));
    open_with(s, beluga_with_max_retries(0));
    script(s->peer, BEGINS, SAYS("Hello"), WAITS_AT(0), CLOSES);
    assert_int_equal(beluga_stream_start(s->model, s->loop, NULL, messages, record_and_resume,
                                         &first, &op, &s->err),
                     0);
    while (!first.r.texts) poll_and_step(s->loop);
    step_until_quiet(s->loop);
    peer_open_gate(s->peer, 0);
    struct pollfd hung_up = {.fd = beluga_loop_fd(s->loop), .events = POLLIN};
    assert_int_equal(poll(&hung_up, 1, PATIENCE_MS), 1);
    push(s);
    beluga_op_pause(s->op, true);
    step_without_room(s->loop);
    assert_story(&first.r, "start metadata [Hello] error(stream_closed)");
    assert_unwatched(&s->r);
    beluga_op_free(op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_call_that_can_not_be_watched_fails_in_the_step_of_its_start),
        SCENE(a_call_that_can_not_be_watched_fails_also_where_another_resumes_it),
    };
    return cmocka_run_group_tests_name("unwatched", tests, NULL, NULL);
}
