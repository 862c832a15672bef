/* MCP servers that are reached over HTTP. */
#include "../support/threads.h"
#include "servers.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* An HTTP service in another process. */
typedef struct service {
    pid_t pid;
    FILE *lines; /* a pipe to which the service writes a line for each request */
    char url[64];
    beluga_mcp_settings settings;
} service;

static void service_start(service *s, const char *way)
{
    int pipes[2];
    char script[512], line[32];
    snprintf(script, sizeof script, "%s/tests/mcp/service.py", getenv("BELUGA_SOURCE_ROOT"));
    assert_int_equal(pipe(pipes), 0);
    s->pid = fork();
    if (!s->pid) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execlp("python3", "python3", script, way, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    s->lines = fdopen(pipes[0], "r");
    assert_non_null(fgets(line, sizeof line, s->lines));
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/mcp", atoi(line));
    s->settings = (beluga_mcp_settings){.size = sizeof s->settings,
                                        .name = "srv",
                                        .url = s->url,
                                        .connect_timeout_ms = 60000,
                                        .timeout_ms = PATIENT_MS};
}

static void service_end(service *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    fclose(s->lines);
}

/* Read lines from the service until this line arrives. */
static void expect_line(service *s, const char *wanted)
{
    char line[256];
    while (fgets(line, sizeof line, s->lines)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, wanted) == 0) return;
    }
    fail_msg("the service never told: %s", wanted);
}

/* The objects of a test: a service, and the MCP connection that is open to it. */
typedef struct scene {
    service service;
    beluga_mcp *mcp;
} scene;

static void begin(scene *s, const char *way)
{
    service_start(&s->service, way);
    s->mcp = open_with(&s->service.settings);
}

static void end(scene *s)
{
    beluga_mcp_close(s->mcp);
    service_end(&s->service);
}

/* ---- successes ------------------------------------------------------------------------------- */

static void a_service_of_each_revision_is_asked_in_its_own_way(void **state)
{
    (void)state;
    static const struct {
        const char *way, *protocol;
    } cases[] = {
        {"json", "2025-11-25"},
        {"stream", "2025-11-25"},
        {"session", "2025-11-25"},
        {"new", "2026-07-28"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene s;
        beluga_mcp_info info = {.size = sizeof info};
        begin(&s, cases[i].way);
        assert_int_equal(beluga_mcp_get_info(s.mcp, &info), 0);
        assert_string_equal(info.protocol, cases[i].protocol);
        expect_text_of(s.mcp, "answer", "{}", "42");
        expect_text_of(s.mcp, "utf8", "{}",
                       "a\xef\xbf\xbd"
                       "b\xef\xbf\xbd"
                       "c");
        expect_alive(s.mcp);
        end(&s);
    }
}

static void messages_in_a_stream_are_taken_as_they_come(void **state)
{
    (void)state;
    scene s;
    begin(&s, "stream");
    expect_text_of(s.mcp, "progress", "{}", "done");
    expect_text_of(s.mcp, "duplicates", "{}", "one");
    expect_failure_of(s.mcp, "refuse", BELUGA_ERROR_TOOL_EXECUTION, "not \\x1b[31mtoday");
    expect_alive(s.mcp);
    end(&s);
}

static void a_name_that_no_header_can_have_is_encoded(void **state)
{
    (void)state;
    scene s;
    begin(&s, "new");
    expect_text_of(s.mcp, "t____l", "{}", "found");
    end(&s);
}

static void a_session_is_kept_and_ended(void **state)
{
    (void)state;
    scene s;
    begin(&s, "session");
    expect_text_of(s.mcp, "where", "{}", "session1");
    beluga_mcp_close(s.mcp);
    expect_line(&s.service, "DELETE /mcp session1");
    service_end(&s.service);
}

static void a_session_that_was_forgotten_is_begun_anew(void **state)
{
    (void)state;
    scene s;
    begin(&s, "session");
    expect_failure_of(s.mcp, "forget", BELUGA_ERROR_TOOL_EXECUTION, "without the answer");
    expect_text_of(s.mcp, "where", "{}", "session1");
    expect_alive(s.mcp);
    expect_line(&s.service, "POST /mcp initialize -");
    expect_line(&s.service, "POST /mcp initialize -");
    end(&s);
}

/* The list of tools has changed and is fetched again. The answer to this request says that the
 * session has ended. */
static void a_list_that_finds_the_session_gone_begins_another(void **state)
{
    (void)state;
    scene s;
    begin(&s, "session");
    expect_line(&s.service, "POST /mcp tools/list session1");
    expect_text_of(s.mcp, "change_and_forget", "{}", "changed");
    expect_line(&s.service, "POST /mcp tools/list session1");
    expect_line(&s.service, "POST /mcp tools/list session1");
    expect_text_of(s.mcp, "where", "{}", "session1");
    expect_alive(s.mcp);
    end(&s);
}

/* While the list is being fetched, another call finds that the session has ended. */
static void a_list_of_a_session_that_is_gone_is_let_go(void **state)
{
    (void)state;
    scene s;
    begin(&s, "session");
    expect_text_of(s.mcp, "change", "{}", "changed");
    expect_line(&s.service, "HANGS");
    expect_text_of(s.mcp, "where", "{}", "session1");
    expect_text_of(s.mcp, "change_and_forget", "{}", "changed");
    expect_alive(s.mcp);
    expect_alive(s.mcp);
    end(&s);
}

static void headers_go_to_the_service(void **state)
{
    (void)state;
    service s;
    static const char *const headers[] = {"Authorization: Bearer open-sesame-42", NULL};
    service_start(&s, "key");
    s.settings.headers = headers;
    SCOPED(beluga_mcp) *mcp = open_with(&s.settings);
    expect_alive(mcp);
    service_end(&s);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Expect that opening fails with this code, and that the error contains `words` and lacks
 * `others`. */
static void expect_refusal(const beluga_mcp_settings *settings, int code, const char *words,
                           const char *others)
{
    beluga_error err = {.message = ""};
    char all[sizeof err.message + sizeof err.cause];
    beluga_mcp *mcp = (beluga_mcp *)&err;
    int status = beluga_mcp_open(NULL, settings, NULL, &mcp, &err);
    snprintf(all, sizeof all, "%s %s", err.message, err.cause);
    if (status != code)
        fail_msg("%s instead of %s: %s", beluga_error_name(status), beluga_error_name(code), all);
    assert_null(mcp);
    assert_has_all(all, words);
    assert_has_none(all, others);
}

static void a_service_that_refuses_says_what_to_do(void **state)
{
    (void)state;
    service s;
    static const char *const headers[] = {"Authorization: Bearer wrong-sesame-99", NULL};
    service_start(&s, "key");
    expect_refusal(&s.settings, BELUGA_ERROR_AUTHENTICATION, "set them in headers", "sesame");
    s.settings.headers = headers;
    expect_refusal(&s.settings, BELUGA_ERROR_AUTHORIZATION, "refused these credentials", "sesame");
    service_end(&s);
    expect_refusal(&s.settings, BELUGA_ERROR_NETWORK, "refused the connection", "sesame");
}

static void a_redirect_is_told_and_not_followed(void **state)
{
    (void)state;
    service s;
    static const char *const headers[] = {"Authorization: Bearer open-sesame-42", NULL};
    service_start(&s, "elsewhere");
    s.settings.headers = headers;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_RESPONSE, "which is not followed", "sesame");
    expect_line(&s, "POST /mcp server/discover -");
    expect_line(&s, "POST /mcp initialize -");
    service_end(&s);
}

static void what_is_no_service_says_so(void **state)
{
    (void)state;
    service s;
    service_start(&s, "dead");
    expect_refusal(&s.settings, BELUGA_ERROR_INTERNAL, "HTTP 500", "sesame");
    service_end(&s);
    service_start(&s, "page");
    expect_refusal(&s.settings, BELUGA_ERROR_STREAM_CLOSED, "without the answer", "sesame");
    service_end(&s);
}

static void an_answer_that_is_cut_off_fails_its_call_alone(void **state)
{
    (void)state;
    scene s;
    begin(&s, "cut");
    expect_failure_of(s.mcp, "answer", BELUGA_ERROR_TOOL_EXECUTION, "without the answer");
    end(&s);
}

static void a_service_that_only_shows_that_it_lives_ends_its_call(void **state)
{
    (void)state;
    service s;
    service_start(&s, "slow");
    s.settings.timeout_ms = 300;
    beluga_mcp *mcp = open_with(&s.settings);
    expect_failure_of(mcp, "answer", BELUGA_ERROR_TOOL_EXECUTION, "did not end in time");
    beluga_mcp_close(mcp);
    service_end(&s);
}

static void a_service_that_floods_ends_its_call_alone(void **state)
{
    (void)state;
    service s;
    service_start(&s, "stream");
    s.settings.timeout_ms = 1000;
    beluga_mcp *mcp = open_with(&s.settings);
    expect_failure_of(mcp, "flood", BELUGA_ERROR_TOOL_EXECUTION, "did not end in time");
    expect_line(&s, "HUNG UP tools/call");
    s.settings.timeout_ms = PATIENT_MS;
    beluga_mcp_close(mcp);
    mcp = open_with(&s.settings);
    expect_failure_of(mcp, "long", BELUGA_ERROR_TOOL_EXECUTION, "too long");
    expect_alive(mcp);
    beluga_mcp_close(mcp);
    service_end(&s);
}

/* A call that gets no answer, on its own thread. */
typedef struct hanging {
    beluga_mcp *mcp;
    beluga_context *ctx;
    outcome end;
} hanging;

static void *hang(void *argument)
{
    hanging *h = argument;
    h->end = call_under(h->mcp, h->ctx, "hang", "{}");
    return NULL;
}

static void a_cancelled_call_hangs_up(void **state)
{
    (void)state;
    scene s;
    threads t;
    begin(&s, "stream");
    SCOPED(beluga_context) *ctx = beluga_context_new_cancellable(NULL);
    hanging h = {s.mcp, ctx, {.status = 0}};
    threads_start(&t, 1, hang, &h);
    expect_line(&s.service, "POST /mcp tools/call -");
    beluga_context_cancel(ctx);
    threads_join(&t);
    assert_int_equal(h.end.status, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_free(h.end.text);
    expect_line(&s.service, "POST /mcp notifications/cancelled -");
    expect_alive(s.mcp);
    end(&s);
}

static void calls_of_many_threads_get_their_own_answers(void **state)
{
    (void)state;
    scene s;
    begin(&s, "stream");
    threads_run(8, echo_often, s.mcp);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_of_each_revision_is_asked_in_its_own_way),
        cmocka_unit_test(messages_in_a_stream_are_taken_as_they_come),
        cmocka_unit_test(a_name_that_no_header_can_have_is_encoded),
        cmocka_unit_test(a_session_is_kept_and_ended),
        cmocka_unit_test(a_session_that_was_forgotten_is_begun_anew),
        cmocka_unit_test(a_list_that_finds_the_session_gone_begins_another),
        cmocka_unit_test(a_list_of_a_session_that_is_gone_is_let_go),
        cmocka_unit_test(headers_go_to_the_service),
        cmocka_unit_test(a_service_that_refuses_says_what_to_do),
        cmocka_unit_test(a_redirect_is_told_and_not_followed),
        cmocka_unit_test(what_is_no_service_says_so),
        cmocka_unit_test(an_answer_that_is_cut_off_fails_its_call_alone),
        cmocka_unit_test(a_service_that_only_shows_that_it_lives_ends_its_call),
        cmocka_unit_test(a_service_that_floods_ends_its_call_alone),
        cmocka_unit_test(a_cancelled_call_hangs_up),
        cmocka_unit_test(calls_of_many_threads_get_their_own_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
