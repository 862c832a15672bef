/* Answers that are errors, and the error that the caller must get. */
#ifndef TESTS_ERRORS_ANSWERS_H
#define TESTS_ERRORS_ANSWERS_H

#include "../support/openai.h"
#include "../support/scoped.h"

#include <unistd.h>

static void assert_clean(const beluga_error *err)
{
    char line[2048];
    beluga_error_format(err, line, sizeof line);
    assert_null(strstr(line, SECRET_KEY));
    for (const char *at = line; *at; at++) assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    assert_string_equal(err->provider, "openai");
    assert_string_equal(err->model, "peer-chat");
    assert_true(*err->message);
}

/* Make a call, which must send one request and fail with this code. `err` gets the error. */
static void assert_fails(peer *p, int code, beluga_error *err)
{
    SCOPED(beluga_chat_model) *model = open_peer(p);
    size_t before = peer_requests(p);
    assert_int_equal(ask(model, err), code);
    assert_clean(err);
    assert_string_equal(err->operation, "generate");
    assert_int_equal(peer_requests(p), before + 1);
}

static void assert_stream_fails(peer *p, int code, pulled *got)
{
    SCOPED(beluga_chat_model) *model = open_peer(p);
    stream_all(model, got);
    assert_int_equal(got->status, code);
    assert_int_equal(got->finishes, 0);
    assert_clean(&got->err);
    assert_string_equal(got->err.operation, "stream");
}

/* Script an answer whose connection ends before the claimed length is reached. */
static void reply_cut(peer *p, int status, const char *headers, const char *body, size_t claimed)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, status, headers);
    peer_step_body_claiming(r, body, strlen(body), claimed);
    peer_step_close(r);
}

/* Script a stream up to its first text; the test adds the rest. */
static peer_reply *reply_half(peer *p, const char *text)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, text);
    return r;
}

#endif
