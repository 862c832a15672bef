/* The peer's batch APIs, with the peer in the test's own process. test_batches.py tests all of
 * these APIs. */
#include "client.h"

static const peer_batches quick = {.seed = 1};

static peer *start_batches(const peer_batches *batches, size_t max_body)
{
    peer_config config = {.kept_requests = 16, .max_body = max_body};
    peer *p = peer_start_with(&config);
    assert_non_null(p);
    assert_null(peer_serve_batches(p, batches));
    return p;
}

/* Send a request with a key. `text` receives the answer. Returns the status. */
static int ask(int fd, const char *method, const char *path, const char *body, char *text,
               size_t size)
{
    char request[4096];
    int n = snprintf(request, sizeof request,
                     "%s %s HTTP/1.1\r\nx-api-key: k\r\nContent-Length: %zu\r\n\r\n%s", method,
                     path, strlen(body), body);
    assert_true(n > 0 && (size_t)n < sizeof request);
    say(fd, request);
    return hear_answer(fd, text, size);
}

static const char one_request[] =
    "{\"requests\":[{\"custom_id\":\"a\",\"params\":{\"model\":\"m\",\"messages\":"
    "[{\"role\":\"user\",\"content\":\"hi\"}]}}]}";

static void replies_of_the_script_come_first(void **state)
{
    char text[4096];
    (void)state;
    peer *p = start_batches(&quick, 0);
    peer_reply *r = peer_reply_new(p);
    peer_reply_match(r, "/v1/messages/batches");
    peer_step_json(r, 503, "{}");
    int fd = dial(p);
    assert_int_equal(ask(fd, "POST", "/v1/messages/batches", one_request, text, sizeof text), 503);
    assert_int_equal(ask(fd, "POST", "/v1/messages/batches", one_request, text, sizeof text), 200);
    assert_non_null(strstr(text, "\"processing_status\":\"in_progress\""));
    assert_int_equal(ask(fd, "GET", "/control/batches", "", text, sizeof text), 200);
    assert_non_null(strstr(text, "\"created\":1"));
    assert_int_equal(peer_unscripted(p), 0);
    close(fd);
    peer_stop(p);
}

static void a_body_that_became_a_job_is_not_kept(void **state)
{
    char text[4096];
    size_t len = 1;
    (void)state;
    peer *p = start_batches(&quick, 0);
    int fd = dial(p);
    assert_int_equal(ask(fd, "POST", "/v1/messages/batches", one_request, text, sizeof text), 200);
    assert_int_equal(peer_wait_requests(p, 1, WAIT_MS), 0);
    assert_string_equal(peer_request_body(p, 0, &len), "");
    assert_int_equal(len, 0);
    close(fd);
    peer_stop(p);
}

static void the_bound_of_bodies_is_the_configurations(void **state)
{
    char text[4096];
    (void)state;
    peer *p = start_batches(&quick, sizeof one_request - 2);
    int fd = dial(p);
    assert_int_equal(ask(fd, "POST", "/v1/messages/batches", one_request, text, sizeof text), 413);
    close(fd);
    peer_stop(p);
}

static void wrong_faults_are_told(void **state)
{
    static const char *const wrong[] = {"rain", "expire:0", "expire:-1", "expire:1.5", "expire:x"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        peer_batches batches = {.faults = &wrong[i], .n_faults = 1};
        peer *p = peer_start();
        assert_non_null(p);
        assert_non_null(peer_serve_batches(p, &batches));
        peer_stop(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_of_the_script_come_first),
        cmocka_unit_test(a_body_that_became_a_job_is_not_kept),
        cmocka_unit_test(the_bound_of_bodies_is_the_configurations),
        cmocka_unit_test(wrong_faults_are_told),
    };
    return cmocka_run_group_tests_name("peer_batches", tests, NULL, NULL);
}
