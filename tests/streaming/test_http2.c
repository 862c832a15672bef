/* HTTP/2 without TLS, from a minimal server: whether a stream that ends by a reset or by the
 * connection's end is complete follows the same table as for other bodies (model/proof.h).
 *
 * The server ignores headers: a request is complete with its END_STREAM, and the test chooses the
 * answer. It serves one connection at a time, for any number of requests. */
#include "../support/calls.h"
#include "../support/sockets.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };
enum { NO_ERROR = 0, INTERNAL_ERROR = 2, CANCEL = 8, MORE = 256 };

typedef enum ending { BY_FLAG, BY_RESET, BY_GOAWAY, BY_CLOSE } ending;

typedef struct server {
    int listener;
    char url[64];
    pthread_t thread;
    const char *type, *body;
    ending ending;
    unsigned code; /* the error code of the RST_STREAM or GOAWAY frame */
    bool at_once;  /* the answer and its end are sent with one system call */
    atomic_int requests;
} server;

static bool take(int fd, unsigned char *bytes, size_t n)
{
    while (n) {
        ssize_t got = recv(fd, bytes, n, 0);
        if (got <= 0) return false;
        bytes += got;
        n -= (size_t)got;
    }
    return true;
}

static void put_frame(int fd, unsigned type, unsigned flags, unsigned stream, const void *bytes,
                      size_t n)
{
    unsigned char head[9] = {(unsigned char)(n >> 16),
                             (unsigned char)(n >> 8),
                             (unsigned char)n,
                             (unsigned char)type,
                             (unsigned char)flags,
                             0,
                             0,
                             0,
                             (unsigned char)stream};
    int more = flags & MORE ? MSG_MORE : 0;
    send(fd, head, sizeof head, MSG_NOSIGNAL | (n ? MSG_MORE : more));
    if (n) send(fd, bytes, n, MSG_NOSIGNAL | more);
}

static void put_number(int fd, unsigned type, unsigned stream, const unsigned *numbers, size_t n)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 4; k++) bytes[4 * i + k] = (unsigned char)(numbers[i] >> (24 - 8 * k));
    put_frame(fd, type, 0, stream, bytes, 4 * n);
}

/* ":status: 200" has index 8 in HPACK's static table, and the name "content-type" index 31,
 * followed by its value. */
static void put_head(const server *s, int fd, unsigned stream)
{
    unsigned char block[64] = {0x88, 0x0f, 31 - 15, (unsigned char)strlen(s->type)};
    memcpy(block + 4, s->type, strlen(s->type));
    put_frame(fd, HEADERS, END_HEADERS | (s->at_once ? MORE : 0), stream, block,
              4 + strlen(s->type));
}

/* Read the next frame. Returns its type, or -1 at the end of the connection. */
static int take_frame(int fd, unsigned char head[9], unsigned char *bytes, size_t max, size_t *n)
{
    if (!take(fd, head, 9)) return -1;
    *n = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    return *n <= max && take(fd, bytes, *n) ? head[3] : -1;
}

/* Wait until the client has read all bytes that were sent. Returns false if the connection ends. */
static bool is_read(int fd)
{
    unsigned char head[9], bytes[65536];
    size_t n;
    int type;
    put_frame(fd, PING, 0, 0, "12345678", 8);
    while ((type = take_frame(fd, head, bytes, sizeof bytes, &n)) >= 0)
        if (type == PING && head[4] & ACK) return true;
    return false;
}

/* Answer a request. Returns whether the connection continues. */
static bool answer(server *s, int fd, unsigned stream)
{
    unsigned flags = s->at_once ? MORE : 0;
    s->requests++;
    put_head(s, fd, stream);
    if (s->ending == BY_FLAG) flags |= END_STREAM;
    put_frame(fd, DATA, flags, stream, s->body, strlen(s->body));
    if (s->ending == BY_RESET && !s->at_once && !is_read(fd)) return false;
    if (s->ending == BY_RESET) put_number(fd, RST_STREAM, stream, &s->code, 1);
    if (s->ending == BY_GOAWAY) put_number(fd, GOAWAY, 0, (unsigned[]){stream, s->code}, 2);
    return s->ending == BY_FLAG || s->ending == BY_RESET;
}

static void serve(server *s, int fd)
{
    unsigned char head[9], bytes[65536];
    size_t n;
    int type;
    if (!take(fd, bytes, 24)) return; /* the preface */
    put_frame(fd, SETTINGS, 0, 0, NULL, 0);
    while ((type = take_frame(fd, head, bytes, sizeof bytes, &n)) >= 0) {
        if (type == SETTINGS && !(head[4] & ACK)) put_frame(fd, SETTINGS, ACK, 0, NULL, 0);
        if (type == PING && !(head[4] & ACK)) put_frame(fd, PING, ACK, 0, bytes, n);
        bool over = (type == DATA || type == HEADERS) && head[4] & END_STREAM;
        if (over && !answer(s, fd, head[8])) return;
    }
}

static void *run(void *argument)
{
    server *s = argument;
    for (int fd; (fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; close(fd)) {
        serve(s, fd);
        shutdown(fd, SHUT_WR);
    }
    return NULL;
}

static void begin(server *s)
{
    s->listener = listen_locally(16, s->url, sizeof s->url);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

/* Stop the server. The client's connections are closed, so the thread waits only in accept. */
static void end(server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

#define CHUNK(rest) "data: {\"choices\":[{\"index\":0," rest "}]}\n\n"
#define TEXT        CHUNK("\"delta\":{\"content\":\"Hello\"}")
#define REASON      CHUNK("\"delta\":{},\"finish_reason\":\"stop\"")
#define DONE        "data: [DONE]\n\n"

static const char whole_stream[] = TEXT REASON DONE;
static const char without_marker[] = TEXT REASON;
static const char half_stream[] = TEXT;
static const char whole_answer[] =
    "{\"choices\":[{\"message\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}";

/* Make a call with a new client, so that its connections are closed afterwards. Returns the
 * status. */
static int ask(server *s, bool streamed, record *r)
{
    beluga_client *client;
    beluga_chat_model *model;
    begin(s);
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(s->url), beluga_with_api_key("x"), beluga_with_model_name("any"),
        beluga_with_max_retries(2), beluga_with_retry_delay_ms(100),
        beluga_with_timeout_ms(PATIENCE_MS), beluga_with_http_version(BELUGA_HTTP_VERSION_2));
    if (beluga_registry_open(beluga_client_registry(client), "openai", config, &model, &r->error))
        fail_msg("%s", r->error.message);
    beluga_config_free(config);
    record_clear(r);
    int status = streamed ? stream_whole(model, r) : generate(model, "Hello", &r->error);
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
    end(s);
    return status;
}

static server stream_of(const char *body, ending how, unsigned code)
{
    return (server){.type = "text/event-stream", .body = body, .ending = how, .code = code};
}

static server answer_of(const char *body, ending how, unsigned code)
{
    return (server){.type = "application/json", .body = body, .ending = how, .code = code};
}

static void assert_whole(server s, bool streamed)
{
    record r;
    int status = ask(&s, streamed, &r);
    if (status) fail_msg("%s (%s)", r.error.message, r.error.cause);
    if (streamed) assert_story(&r, "start metadata [Hello] finish(stop)");
    assert_int_equal(s.requests, 1);
}

static void a_stream_that_ends_in_good_order_is_whole(void **state)
{
    (void)state;
    assert_whole(stream_of(whole_stream, BY_FLAG, 0), true);
    assert_whole(stream_of(without_marker, BY_FLAG, 0), true);
    assert_whole(answer_of(whole_answer, BY_FLAG, 0), false);
}

/* The ways other than END_STREAM in which the server may end a complete answer. */
static const struct {
    ending how;
    unsigned code;
} ways[] = {{BY_RESET, NO_ERROR}, {BY_RESET, CANCEL}, {BY_GOAWAY, NO_ERROR}, {BY_CLOSE, 0}};

enum { WAYS = sizeof ways / sizeof *ways };

static void a_whole_stream_is_whole_however_it_ends(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS; i++)
        assert_whole(stream_of(whole_stream, ways[i].how, ways[i].code), true);
    assert_whole(stream_of(without_marker, BY_RESET, NO_ERROR), true);
    assert_whole(stream_of(without_marker, BY_RESET, INTERNAL_ERROR), true);
    assert_whole(stream_of(without_marker, BY_GOAWAY, NO_ERROR), true);
}

/* The answer is complete however it ends, since its JSON is complete. */
static void a_whole_answer_is_whole_however_it_ends(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS; i++)
        assert_whole(answer_of(whole_answer, ways[i].how, ways[i].code), false);
}

/* libcurl 7.88 drops such an answer. The provider charges for it, so it must be delivered, or fail
 * with an error that is not retried. */
static void an_answer_in_one_piece_with_its_reset_is_not_paid_twice(void **state)
{
    (void)state;
    record r;
    server s = stream_of(whole_stream, BY_RESET, NO_ERROR);
    s.at_once = true;
    if (ask(&s, true, &r))
        assert_non_null(strstr(r.error.message, "http_version"));
    else
        assert_story(&r, "start metadata [Hello] finish(stop)");
    assert_int_equal(s.requests, 1);
}

/* Make a call for an incomplete answer with each kind of end; none may be a success. */
static void assert_half(server (*make)(const char *, ending, unsigned), const char *body,
                        bool streamed)
{
    for (int how = BY_FLAG; how <= BY_CLOSE; how++) {
        record r;
        server s = make(body, (ending)how, NO_ERROR);
        int status = ask(&s, streamed, &r);
        assert_int_not_equal(status, 0);
        if (streamed) assert_int_equal(status, BELUGA_ERROR_STREAM_CLOSED);
    }
}

static void half_a_stream_is_not_whole_though_nothing_is_said_to_be_wrong(void **state)
{
    (void)state;
    assert_half(stream_of, half_stream, true);
}

static void half_an_answer_is_not_whole_though_nothing_is_said_to_be_wrong(void **state)
{
    (void)state;
    assert_half(answer_of, "{\"choices\":[{\"message\":{\"content\":\"Hel", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_that_ends_in_good_order_is_whole),
        cmocka_unit_test(a_whole_stream_is_whole_however_it_ends),
        cmocka_unit_test(a_whole_answer_is_whole_however_it_ends),
        cmocka_unit_test(an_answer_in_one_piece_with_its_reset_is_not_paid_twice),
        cmocka_unit_test(half_a_stream_is_not_whole_though_nothing_is_said_to_be_wrong),
        cmocka_unit_test(half_an_answer_is_not_whole_though_nothing_is_said_to_be_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
