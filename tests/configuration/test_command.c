/* Commands that print a key: their environment, how their output is read, and how they end. */
#include "../support/calls.h"
#include "../support/scoped.h"
#include "base/limits.h"
#include "keys/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHORT_MS = 200 };

typedef struct outcome {
    ssize_t length;
    char text[256];
    beluga_error err;
} outcome;

static outcome run_for(const char *command, int64_t timeout_ms)
{
    outcome o = {.length = 0};
    o.length = beluga__command_read(command, "the key's command", timeout_ms, NULL, o.text,
                                    sizeof o.text - 1, &o.err);
    return o;
}

static outcome run(const char *command)
{
    return run_for(command, PATIENCE_MS);
}

static void assert_fails(const outcome *o, const char *message, const char *cause)
{
    assert_int_equal(o->length, -1);
    assert_int_equal(o->err.code, BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(o->err.message, message);
    assert_string_equal(o->err.cause, cause);
}

/* Make descriptor `place` a copy of `fd`; put_back restores the old one. */
static int put_in_place(int fd, int place)
{
    int old = fcntl(place, F_DUPFD_CLOEXEC, 10);
    assert_true(old >= 0 && dup2(fd, place) == place);
    return old;
}

static void put_back(int old, int place)
{
    dup2(old, place);
    close(old);
}

static void it_reads_nothing_of_its_hosts_input(void **state)
{
    (void)state;
    int ends[2];
    char left[32] = "";
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "the next turn\n", 14), 14);
    int old = put_in_place(ends[0], STDIN_FILENO);
    outcome o = run("cat; echo key");
    put_back(old, STDIN_FILENO);
    assert_string_equal(o.text, "key\n");
    assert_int_equal(read(ends[0], left, sizeof left - 1), 14);
    assert_string_equal(left, "the next turn\n");
    close(ends[0]);
    close(ends[1]);
}

static void what_it_says_is_the_errors_cause_and_is_printed_nowhere(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    int old = put_in_place(fileno(file), STDERR_FILENO);
    outcome good = run("echo a warning >&2; echo key");
    outcome bad = run("echo first >&2; printf 'no \\033[31msecret\\007 key\\n\\n' >&2; exit 3");
    put_back(old, STDERR_FILENO);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
    assert_string_equal(good.text, "key\n");
    assert_fails(&bad, "the key's command failed: exit status 3", "no \\x1b[31msecret\\x07 key");
}

static void what_it_says_is_bounded(void **state)
{
    (void)state;
    outcome o =
        run("i=0; while test $i -lt 2000; do i=$((i + 1)); echo 'the same again' >&2; done; "
            "exit 1");
    assert_int_equal(o.length, -1);
    assert_int_equal(strncmp(o.err.cause, "the same again the same", 23), 0);
    assert_true(strlen(o.err.cause) < sizeof o.err.cause);
}

static void what_cant_be_run_is_told_in_the_shells_words(void **state)
{
    (void)state;
    outcome o = run("/nonexistent/pass show key");
    assert_string_equal(o.err.message, "the key's command failed: exit status 127");
    assert_non_null(strstr(o.err.cause, "/nonexistent/pass"));
}

static void a_signal_that_ended_it_is_told(void **state)
{
    (void)state;
    outcome o = run("kill -TERM $$");
    assert_fails(&o, "the key's command failed: signal 15", "");
}

static void it_ends_by_the_time_out_though_it_closed_its_output(void **state)
{
    (void)state;
    outcome o = run_for("echo key; exec >&- 2>&-; sleep 1000", SHORT_MS);
    assert_fails(&o, "the key's command took too long", "");
}

static void it_ends_by_the_time_out_though_it_ignores_every_signal(void **state)
{
    (void)state;
    outcome o = run_for("trap '' HUP INT TERM; while :; do sleep 1000; done", SHORT_MS);
    assert_fails(&o, "the key's command took too long", "");
}

static void it_is_not_waited_for_where_nobody_wants_it(void **state)
{
    (void)state;
    atomic_bool unwanted = true;
    beluga_error err;
    char text[16];
    assert_int_equal(beluga__command_read("sleep 1000", "the key's command", PATIENCE_MS, &unwanted,
                                          text, sizeof text, &err),
                     -1);
    assert_int_equal(err.code, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void it_ends_by_the_time_out_though_it_says_something_all_the_time(void **state)
{
    (void)state;
    outcome o = run_for("while :; do echo still here >&2; done", SHORT_MS);
    assert_int_equal(o.length, -1);
    assert_string_equal(o.err.message, "the key's command took too long");
}

static void a_daemon_that_it_leaves_behind_is_not_waited_for(void **state)
{
    (void)state;
    outcome o = run("sleep 1000 >/dev/null & echo $!");
    assert_true(o.length > 0);
    pid_t daemon = (pid_t)atoi(o.text);
    assert_int_equal(kill(daemon, SIGKILL), 0);
}

static void nor_is_one_that_holds_its_output(void **state)
{
    (void)state;
    outcome o = run("sleep 1000 & echo $!");
    assert_true(o.length > 0);
    assert_int_equal(kill((pid_t)atoi(o.text), SIGKILL), 0);
}

/* ---- a host program that ends, or no longer needs the key ------------------------------------ */

/* Open a pipe whose writing end the command and all its children inherit, so the pipe ends when all
 * of them have ended. `name` is a path of the writing end. */
static void open_life(int ends[2], char *name, size_t n)
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    snprintf(name, n, "/proc/%d/fd/%d", (int)getpid(), ends[1]);
}

static void assert_gone(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char c;
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(read(fd, &c, 1), 0);
}

static void hear_from(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char c;
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(read(fd, &c, 1), 1);
}

/* A command that ignores SIGTERM. The command and its child both keep the pipe open, and one byte
 * is written to the pipe. */
static const char lasting[] = "exec 9>%s; trap '' TERM; sleep 1000 & printf x >&9; sleep 1000";

static void a_host_that_is_killed_leaves_none_behind(void **state)
{
    (void)state;
    int ends[2], status;
    char name[64], command[256];
    open_life(ends, name, sizeof name);
    snprintf(command, sizeof command, lasting, name);
    pid_t host = fork();
    if (host == 0) {
        close(ends[0]);
        outcome o = run(command);
        _exit(o.length < 0);
    }
    hear_from(ends[0]);
    close(ends[1]);
    assert_int_equal(kill(host, SIGKILL), 0);
    assert_int_equal(waitpid(host, &status, 0), host);
    assert_gone(ends[0]);
    close(ends[0]);
}

/* The fcntl command (its argument `what`) at which this process is killed, or -1. */
static int last_fcntl = -1;

/* Replaces fcntl of the C library, also for the calls that the library makes. */
int fcntl(int fd, int what, ...)
{
    va_list rest;
    va_start(rest, what);
    long value = va_arg(rest, long);
    va_end(rest);
    if (what == last_fcntl) raise(SIGKILL);
    return (int)syscall(SYS_fcntl, fd, what, value);
}

/* Kill a host program at this call of fcntl. Its command then becomes a child of this process, and
 * must end without output. */
static void a_host_that_is_killed_at(int call)
{
    int ends[2], status;
    char name[64], command[256];
    open_life(ends, name, sizeof name);
    snprintf(command, sizeof command, "printf x >%s", name);
    pid_t host = fork();
    if (host == 0) {
        last_fcntl = call;
        _exit(run(command).length < 0);
    }
    assert_int_equal(waitpid(host, &status, 0), host);
    assert_true(WIFSIGNALED(status));
    assert_true(wait(&status) > 0);
    close(ends[1]);
    assert_gone(ends[0]);
    close(ends[0]);
}

static void a_host_that_is_killed_before_it_holds_its_command_never_runs_it(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    a_host_that_is_killed_at(F_SETOWN);
    a_host_that_is_killed_at(F_SETSIG);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void a_command_can_have_every_character_of_a_shell(void **state)
{
    (void)state;
    outcome o = run("a=\"it's\"; printf '%s|%s|%s' \"$a\" \"$#$1\" '\"$1\"'\n# the end");
    assert_string_equal(o.text, "it's|0|\"$1\"");
}

static void a_call_that_is_cancelled_ends_the_command_that_it_waited_for(void **state)
{
    peer *p = *state;
    int ends[2];
    char name[64], command[256], key[300];
    record r = {0};
    open_life(ends, name, sizeof name);
    snprintf(command, sizeof command, lasting, name);
    snprintf(key, sizeof key, "command:%s", command);
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_api_key(key));
    SCOPED(beluga_op) *op = push_stream(model, loop, NULL, &r);
    hear_from(ends[0]);
    close(ends[1]);
    beluga_op_cancel(op);
    step_until_end(loop, &r);
    assert_int_equal(r.error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_gone(ends[0]);
    close(ends[0]);
}

static void another_call_that_waits_for_it_keeps_it(void **state)
{
    peer *p = *state;
    record first = {0}, second = {0};
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_chat_model) *model =
        open_peer_with(p, beluga_with_api_key("command:sleep 0.5; echo key"));
    peer_openai_stream(peer_reply_new(p), "Hello");
    SCOPED(beluga_op) *op = push_stream(model, loop, NULL, &first);
    beluga_op_free(push_stream(model, loop, NULL, &second));
    beluga_op_cancel(op);
    step_until_end(loop, &second);
    assert_story(&second, "start metadata [Hello] usage(12,1) finish(stop)");
}

static void a_call_that_comes_when_it_was_given_up_asks_anew(void **state)
{
    peer *p = *state;
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_chat_model) *model =
        open_peer_with(p, beluga_with_api_key("command:sleep 0.2; echo key"));
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, PEER_FOR_EVER);
    peer_openai_stream(reply, "Hello");
    for (int i = 0; i < 10; i++) {
        record first = {0}, second = {0};
        beluga_op *op = push_stream(model, loop, NULL, &first);
        usleep((useconds_t)i * 20000);
        beluga_op_cancel(op);
        step_until_end(loop, &first);
        beluga_op_free(push_stream(model, loop, NULL, &second));
        step_until_end(loop, &second);
        assert_story(&second, "start metadata [Hello] usage(12,1) finish(stop)");
        beluga_op_free(op);
        beluga_chat_model_unref(model);
        model = open_peer_with(p, beluga_with_api_key("command:sleep 0.2; echo key"));
    }
}

static void a_call_that_waits_too_long_for_its_key_is_not_tried_again(void **state)
{
    peer *p = *state;
    record r = {0};
    SCOPED(beluga_chat_model) *model =
        open_peer_with(p, beluga_with_api_key("command:echo key; exec >&-; sleep 1000"),
                       beluga_with_timeout_ms(SHORT_MS), beluga_with_max_retries(3));
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(r.error.message, "the key's command took too long");
    assert_int_equal(r.error.attempts, 1);
}

static void more_than_there_is_room_for_is_an_error(void **state)
{
    (void)state;
    outcome o = run("i=0; while test $i -lt 500; do i=$((i + 1)); echo key; done");
    assert_fails(&o, "the key's command printed more than 255 bytes", "");
}

static void it_inherits_no_descriptor(void **state)
{
    (void)state;
    /* This process, the host program, has a descriptor that is not closed on exec. */
    int fd = fcntl(STDIN_FILENO, F_DUPFD, 10);
    char command[64];
    assert_true(fd > STDERR_FILENO);
    snprintf(command, sizeof command, "test -e /proc/self/fd/%d && echo open || echo closed", fd);
    outcome o = run(command);
    close(fd);
    assert_string_equal(o.text, "closed\n");
}

static void it_works_where_the_host_has_closed_its_streams(void **state)
{
    (void)state;
    int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    outcome o = run("echo key; echo said >&2");
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    close(in);
    close(out);
    assert_string_equal(o.text, "key\n");
}

static void what_it_says_is_the_cause_too_where_it_prints_nothing(void **state)
{
    (void)state;
    outcome o = run("echo no such entry >&2");
    assert_fails(&o, "the key's command printed nothing", "no such entry");
}

/* ---- host programs that handle or ignore SIGCHLD --------------------------------------------- */

static void with_a_host_that_ignores_its_children(void (*test)(void))
{
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    test();
    signal(SIGCHLD, before);
}

static void try_a_child(void)
{
    outcome o = run("exec grep SigIgn /proc/self/status");
    unsigned long long ignored = strtoull(o.text + strcspn(o.text, "\t"), NULL, 16);
    assert_true(o.length > 0);
    assert_false(ignored >> (SIGCHLD - 1) & 1);
}

static void it_can_wait_for_its_own_children_though_the_host_does_not(void **state)
{
    (void)state;
    with_a_host_that_ignores_its_children(try_a_child);
}

static void try_a_failure(void)
{
    outcome o = run("echo no such entry >&2; exit 3");
    assert_fails(&o, "the key's command printed nothing", "no such entry");
}

static void why_it_failed_is_told_though_nobody_learns_its_status(void **state)
{
    (void)state;
    with_a_host_that_ignores_its_children(try_a_failure);
}

/* --- descriptors of the library --------------------------------------------------------------- */

enum { MANY = 256 };

/* Returns whether the descriptor is one of the pair of sockets that libcurl uses to wake itself
 * up. */
static bool is_wakeup_of_libcurl(int fd)
{
    struct sockaddr_storage address = {.ss_family = 0};
    socklen_t n = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &n) == 0 && address.ss_family == AF_UNIX;
}

static void assert_closed_on_exec(const bool before[MANY])
{
    for (int fd = 0; fd < MANY; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && !before[fd] && !(flags & FD_CLOEXEC) && !is_wakeup_of_libcurl(fd))
            fail_msg("descriptor %d stays open in a child", fd);
    }
}

static void no_descriptor_of_ours_stays_open_in_a_hosts_children(void **state)
{
    peer *p = *state;
    bool before[MANY];
    for (int fd = 0; fd < MANY; fd++) before[fd] = fcntl(fd, F_GETFD) >= 0;
    peer_openai_answer(peer_reply_new(p), "Hello");
    SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_api_key("command:echo key"));
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_closed_on_exec(before); /* the connection is still open */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_nothing_of_its_hosts_input),
        cmocka_unit_test(what_it_says_is_the_errors_cause_and_is_printed_nowhere),
        cmocka_unit_test(what_it_says_is_bounded),
        cmocka_unit_test(what_cant_be_run_is_told_in_the_shells_words),
        cmocka_unit_test(a_signal_that_ended_it_is_told),
        cmocka_unit_test(it_ends_by_the_time_out_though_it_closed_its_output),
        cmocka_unit_test(it_ends_by_the_time_out_though_it_says_something_all_the_time),
        cmocka_unit_test(a_daemon_that_it_leaves_behind_is_not_waited_for),
        cmocka_unit_test(it_ends_by_the_time_out_though_it_ignores_every_signal),
        cmocka_unit_test(it_is_not_waited_for_where_nobody_wants_it),
        cmocka_unit_test(nor_is_one_that_holds_its_output),
        cmocka_unit_test(a_host_that_is_killed_leaves_none_behind),
        cmocka_unit_test(a_host_that_is_killed_before_it_holds_its_command_never_runs_it),
        cmocka_unit_test(a_command_can_have_every_character_of_a_shell),
        ON_PEER(a_call_that_is_cancelled_ends_the_command_that_it_waited_for),
        ON_PEER(another_call_that_waits_for_it_keeps_it),
        ON_PEER(a_call_that_comes_when_it_was_given_up_asks_anew),
        ON_PEER(a_call_that_waits_too_long_for_its_key_is_not_tried_again),
        cmocka_unit_test(more_than_there_is_room_for_is_an_error),
        cmocka_unit_test(it_inherits_no_descriptor),
        cmocka_unit_test(it_works_where_the_host_has_closed_its_streams),
        cmocka_unit_test(what_it_says_is_the_cause_too_where_it_prints_nothing),
        cmocka_unit_test(it_can_wait_for_its_own_children_though_the_host_does_not),
        cmocka_unit_test(why_it_failed_is_told_though_nobody_learns_its_status),
        ON_PEER(no_descriptor_of_ours_stays_open_in_a_hosts_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
