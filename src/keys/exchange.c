#include "keys/exchange.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/line.h"
#include "base/secret.h"
#include "base/secret_memory.h"

#include <stdio.h>
#include <stdlib.h>

/* A token is replaced before it expires, since clocks differ and a request takes time: when a tenth
 * (1/PART) of its lifetime is left, but at most MOST_EARLY_S before it expires. It is used for at
 * least LEAST_S; if it expires earlier, the provider refuses it, and a new token is fetched. */
enum { PART = 10, MOST_EARLY_S = 300, LEAST_S = 10, MOST_S = 10 * 365 * 86400 };
/* differences between clocks up to this are not reported, since all services accept them */
enum { SKEW_S = 60 };
/* how often the wait checks whether the token is still wanted */
enum { LOOK_MS = 50 };

#define CAN_T "the key can't be exchanged for a token"

struct beluga_token {
    beluga__buf text;
    int64_t expires_s;
    beluga__json_scratch scratch;
};

/* One exchange. All its memory is secret. */
typedef struct run {
    const beluga__exchange *exchange;
    const beluga__exchanged *what;
    beluga__arena arena;
    beluga_http_request request;
    beluga_http_response response;
    beluga_token token;
    const char *assertion; /* the signed assertion that was sent instead of the key; NULL: none */
    beluga_loop *loop;
    beluga__transfer *transfer; /* NULL before the start and after the end */
    int status;                 /* how the transfer ended; 0: the answer is complete */
    beluga_error error;
} run;

static void begin_run(run *r, const beluga__exchange *exchange, const beluga__exchanged *what)
{
    const beluga_allocator *secret = beluga__secret_allocator();
    *r = (run){.exchange = exchange, .what = what};
    beluga__arena_init(&r->arena, secret, NULL, 0, BELUGA__MAX_CALL_BYTES);
    beluga__http_request_init(&r->request, secret, &r->arena, exchange->base_url);
    beluga__http_response_init(&r->response, secret, BELUGA__MAX_TOKEN_ANSWER);
    beluga__buf_init(&r->token.text, secret, BELUGA__MAX_KEY_BYTES);
    beluga__json_scratch_init(&r->token.scratch, secret);
}

static void end_run(run *r)
{
    beluga__json_scratch_free(&r->token.scratch);
    beluga__buf_free(&r->token.text);
    beluga__http_response_free(&r->response);
    beluga__http_request_free(&r->request);
    beluga__arena_free(&r->arena);
}

/* Write stars over the key, the token, and the assertion. */
static void mask_text(const run *r, char *text, size_t n)
{
    const char *const secrets[] = {r->what->key, r->token.text.data,
                                   r->assertion ? r->assertion : "", NULL};
    beluga__secrets_mask(secrets, text, n);
}

/* --- the request ------------------------------------------------------------------------------ */

/* Copy the assertion from the body, so that it can be masked later. The form does not encode it,
 * since it has only characters that need no encoding. */
static void keep_assertion(run *r)
{
    static const char name[] = "assertion=";
    const char *body = beluga_http_request_body(&r->request, NULL);
    const char *at = strstr(body, name);
    if (!at || (at > body && !strchr("&_", at[-1]))) return;
    at += sizeof name - 1;
    r->assertion = beluga__arena_copy(&r->arena, at, strcspn(at, "&"));
}

static int write_request(run *r, beluga_error *err)
{
    const beluga__exchange *x = r->exchange;
    beluga_credential credential = {.size = sizeof credential,
                                    .key = r->what->key,
                                    .variable = r->what->variable,
                                    .config = x->config};
    beluga_http_request_set_header(&r->request, "Accept", "application/json");
    err->code = 0;
    int status =
        x->provider->encode_token(x->self, &credential, beluga__wall_s(), &r->request, err);
    if (!status) status = beluga__http_request_finish(&r->request, err);
    if (!status) keep_assertion(r);
    if (status >= 0) return status;
    if (!err->code) beluga_error_set(err, status, "%s", beluga_error_text(status));
    beluga_error_wrap(err, NULL, CAN_T);
    return status;
}

/* --- the text of a refusal -------------------------------------------------------------------- */

/* Set the error's cause to the service's error text, which has the form of OAuth (RFC 6749, section
 * 5.2) or of IBM, or else to the beginning of the body. */
static void describe(run *r, beluga_error *err)
{
    mask_text(r, r->response.body.data, r->response.body.length);
    static const char *const names[][2] = {{"error", "error_description"},
                                           {"errorCode", "errorMessage"}};
    size_t n, length;
    const char *body = beluga_http_response_body(&r->response, &n), *text;
    const beluga_json *root;
    beluga_token_parse(&r->token, body, n, &root);
    beluga_error_set_cause(err, body,
                           n < BELUGA__BODY_SAMPLE_BYTES ? n : BELUGA__BODY_SAMPLE_BYTES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        text = beluga_json_get_string(root, names[i][0], &length);
        if (text) beluga_error_set_provider_code(err, text, length);
        text = beluga_json_get_string(root, names[i][1], &length);
        if (text) beluga_error_set_cause(err, text, length);
    }
}

/* Returns how many seconds this machine's clock is behind the service's clock, which is known from
 * the answer's Date header. Returns 0 if the clocks agree or the header is missing. */
static int64_t behind_s(const run *r)
{
    int64_t theirs = beluga__http_date(&r->response), ours = beluga__wall_s();
    int64_t behind = theirs < 0 ? 0 : theirs - ours;
    return behind > SKEW_S || behind < -SKEW_S ? behind : 0;
}

/* Add to the message what the service's error code means and what to do. An assertion contains a
 * time, so a wrong clock makes it invalid. */
static void advise(const run *r, beluga_error *err)
{
    static const char *const words[][2] = {
        {"invalid_client", "the service does not know the client, or its secret has changed"},
        {"invalid_grant", "the key has expired or was revoked: log in again, or create a new one"},
        {"unauthorized_client",
         "the client is not allowed to use this kind of grant: allow it at the service"},
        {"invalid_scope", "the client is not allowed to use this scope: allow it at the service"},
    };
    const char *word = err->provider_code;
    int64_t behind = strcmp(word, "invalid_grant") == 0 ? behind_s(r) : 0;
    size_t n = strlen(err->message), left = sizeof err->message - n;
    if (behind) {
        snprintf(err->message + n, left, ": this machine's clock is %lld s %s the service's clock",
                 (long long)(behind < 0 ? -behind : behind), behind < 0 ? "ahead of" : "behind");
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i][0]) == 0) snprintf(err->message + n, left, ": %s", words[i][1]);
}

/* --- the answer ------------------------------------------------------------------------------- */

int beluga_token_set(beluga_token *token, const char *text, size_t length, int64_t expires)
{
    if (!text || !length) return BELUGA_ERROR_INVALID_INPUT;
    beluga__buf_clear(&token->text);
    token->expires_s = expires;
    return beluga__buf_append(&token->text, text, length);
}

int beluga_token_parse(beluga_token *token, const char *text, size_t length,
                       const beluga_json **root)
{
    *root = NULL;
    return beluga__json_scratch_parse(&token->scratch, text, length, root, NULL);
}

/* Read a number of seconds; some services write it as a string. */
static int64_t seconds_of(const beluga_json *value)
{
    const char *text = beluga_json_string(value, NULL);
    int64_t n = text ? strtoll(text, NULL, 10) : beluga_json_int(value, 0);
    return n < 0 ? 0 : n > MOST_S ? MOST_S : n;
}

/* Set the error for a refusal with HTTP status 200, which some services send. */
static int refuse_politely(run *r, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the service refused the key");
    describe(r, err);
    advise(r, err);
    return err->code;
}

/* Read the token from a successful answer in the format of RFC 6749, section 5.1. */
static int decode_oauth(run *r, int64_t now, beluga_error *err)
{
    size_t n, length = 0;
    const char *body = beluga_http_response_body(&r->response, &n);
    const beluga_json *root;
    int status = beluga_token_parse(&r->token, body, n, &root);
    const char *text = beluga_json_get_string(root, "access_token", &length);
    if (status == BELUGA_ERROR_NO_MEMORY) return status;
    if (!length && beluga_json_get_string(root, "error", NULL)) return refuse_politely(r, err);
    if (!length)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "the answer has no access_token: check the address for tokens");
    int64_t lifetime = seconds_of(beluga_json_get(root, "expires_in"));
    return beluga_token_set(&r->token, text, length, lifetime ? now + lifetime : 0);
}

static int read_token(run *r, int64_t now, beluga_error *err)
{
    const beluga__exchange *x = r->exchange;
    err->code = 0;
    int status = x->provider->decode_token
                     ? x->provider->decode_token(x->self, &r->response, now, &r->token, err)
                     : decode_oauth(r, now, err);
    if (status > 0)
        status = beluga_error_set(err, BELUGA_ERROR_INTERNAL,
                                  "decode_token returned %d instead of a negative code", status);
    if (!status && !r->token.text.length)
        status = beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the answer has no token");
    if (!status && memchr(r->token.text.data, '\0', r->token.text.length))
        status = beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the token has a NUL byte");
    if (!status) return 0;
    if (!err->code) beluga_error_set(err, status, "%s", beluga_error_text(status));
    beluga_error_wrap(err, NULL, CAN_T);
    return status;
}

/* Returns the time at which a new token is needed; 0: not known. */
static int64_t good_until(int64_t expires, int64_t now)
{
    if (!expires) return 0;
    /* the number may come from a server, so it may be far too small or too large */
    if (expires < now) expires = now;
    if (expires > now + MOST_S) expires = now + MOST_S;
    int64_t early = (expires - now) / PART;
    int64_t until = expires - (early > MOST_EARLY_S ? MOST_EARLY_S : early);
    return until > now + LEAST_S ? until : now + LEAST_S;
}

/* --- a refusal -------------------------------------------------------------------------------- */

/* Returns the error code for an HTTP status. A service that is overloaded or has an internal error
 * has not refused the key. */
static int code_of(int status)
{
    bool passing = status == 408 || status == 429 || status >= 500;
    return passing ? beluga_error_from_http(status) : BELUGA_ERROR_AUTHENTICATION;
}

static int refuse(run *r, beluga_error *err)
{
    int status = r->response.status, code = code_of(status);
    const char *id = beluga__http_request_id(&r->response);
    if (status == 407)
        code = beluga_error_set(err, BELUGA_ERROR_NETWORK, CAN_T ": %s",
                                BELUGA__PROXY_WANTS_CREDENTIALS);
    else if (status < 400)
        beluga_error_set(
            err, code, CAN_T ": the token service redirects, or sent no content (HTTP %d)", status);
    else
        beluga_error_set(err, code, CAN_T " (HTTP %d)", status);
    if (status == 407) err->retryable = 0;
    err->http_status = status;
    err->retry_after_ms = beluga__http_retry_after_ms(&r->response, beluga__wall_s());
    if (id) beluga__error_label(err, request_id, id);
    if (status < 400 || status == 407) return code;
    describe(r, err);
    advise(r, err);
    return code;
}

/* --- the transfer ----------------------------------------------------------------------------- */

static void stop(run *r, int code, const char *why)
{
    if (r->transfer) r->loop->ops->transfer_cancel(r->transfer, NULL);
    r->transfer = NULL;
    r->status = code;
    if (code) beluga_error_set(&r->error, code, CAN_T ": %s", why);
}

static void got_head(void *owner)
{
    (void)owner;
}

/* Collect the body. The beginning of a refusal is enough, so a longer one is no error. */
static void got_body(void *owner, char *bytes, size_t n)
{
    run *r = owner;
    int status = beluga__buf_append(&r->response.body, bytes, n);
    bool enough = status == BELUGA_ERROR_LIMIT_EXCEEDED && r->response.status >= 300;
    if (status) stop(r, enough ? 0 : status, "the answer is longer than 64 KiB");
}

static void got_end(void *owner, int code, const beluga_error *err)
{
    run *r = owner;
    r->transfer = NULL;
    r->status = code;
    if (!code) return;
    r->error = *err;
    beluga_error_wrap(&r->error, NULL, CAN_T);
}

static int send_request(run *r, beluga_error *err)
{
    static const beluga__transfer_handler handler = {got_head, got_body, got_end};
    const char *const secrets[] = {r->what->key, NULL};
    beluga__transfer_spec spec = {
        .connection = &r->exchange->connection,
        .request = &r->request,
        .response = &r->response,
        .handler = &handler,
        .owner = r,
        .secrets = secrets,
        .random = &r->loop->random,
        .connect_timeout_ms = r->exchange->connect_timeout_ms,
    };
    int status = r->loop->ops->reserve(r->loop);
    if (status) return beluga_error_set(err, status, CAN_T ": %s", beluga_error_text(status));
    status = r->loop->ops->transfer_start(r->loop, &spec, &r->transfer, err);
    if (status) beluga_error_wrap(err, NULL, CAN_T);
    return status;
}

/* Step the loop until the answer is complete, the timeout has passed, or the token is no longer
 * wanted. The timeout does not count time in which this process is suspended. */
static int wait_for_answer(run *r, beluga_error *err)
{
    int64_t end_ns =
        beluga__loop_active_ns(r->loop) + (int64_t)BELUGA__COMMAND_TIMEOUT_MS * BELUGA__NS_PER_MS;
    while (r->transfer) {
        int status = r->loop->ops->wait(r->loop, LOOK_MS);
        if (!r->transfer) break;
        if (status)
            stop(r, status, beluga_error_text(status));
        else if (atomic_load_explicit(r->what->unwanted, memory_order_relaxed))
            stop(r, BELUGA_ERROR_CONTEXT_CANCELED, "no call waits for it any more");
        else if (beluga__loop_active_ns(r->loop) >= end_ns)
            stop(r, BELUGA_ERROR_AUTHENTICATION, "the token service did not answer in time");
    }
    if (r->status) *err = r->error;
    return r->status;
}

/* --- the whole exchange ----------------------------------------------------------------------- */

static void log_token(const run *r, const beluga__runtime *runtime, int64_t began_ns,
                      int64_t lifetime_s)
{
    if (!beluga__log_enabled(runtime, BELUGA_LOG_DEBUG)) return;
    beluga__buf url;
    beluga__buf_init(&url, &runtime->allocator, BELUGA__MAX_URL_BYTES);
    if (!beluga__http_redact_url(&url, beluga_http_request_url(&r->request))) {
        mask_text(r, url.data, url.length);
        beluga__log(
            runtime, BELUGA_LOG_DEBUG, "key.exchanged",
            BELUGA__TEXT_FIELD("provider", r->exchange->provider->name),
            BELUGA__TEXT_FIELD("url", url.data),
            BELUGA__NUMBER_FIELD("duration_ms", (beluga__now_ns() - began_ns) / BELUGA__NS_PER_MS),
            BELUGA__NUMBER_FIELD("lifetime_s", lifetime_s));
    }
    beluga__buf_free(&url);
}

/* Send the request. Returns 0 with the token in r->token, or a code with detail. */
static int ask(run *r, beluga__runtime *runtime, beluga_error *err)
{
    int status = runtime->lease_loop(runtime, &r->loop);
    if (status)
        return beluga_error_set(err, status,
                                CAN_T ": no memory or file descriptor for the request");
    /* the loop may have been idle for long, so this call updates its time */
    r->loop->ops->wait(r->loop, 0);
    status = send_request(r, err);
    if (!status) status = wait_for_answer(r, err);
    runtime->give_back_loop(runtime, r->loop);
    if (status) return status;
    bool good = r->response.status >= 200 && r->response.status < 300;
    return good ? read_token(r, beluga__wall_s(), err) : refuse(r, err);
}

/* Mask secrets in all texts of the error. */
static void mask(const run *r, beluga_error *err)
{
    mask_text(r, err->message, strlen(err->message));
    mask_text(r, err->cause, strlen(err->cause));
    mask_text(r, err->provider_code, strlen(err->provider_code));
    mask_text(r, err->request_id, strlen(err->request_id));
}

int beluga__exchange_check(const beluga__exchange *exchange, const beluga__exchanged *what,
                           beluga_error *err)
{
    run r;
    begin_run(&r, exchange, what);
    int status = write_request(&r, err);
    if (status < 0) mask(&r, err);
    end_run(&r);
    return status;
}

int beluga__exchange_run(const beluga__exchange *exchange, beluga__runtime *runtime,
                         const beluga__exchanged *what, char **token, int64_t *expires_s,
                         beluga_error *err)
{
    int64_t began_ns = beluga__now_ns();
    run r;
    begin_run(&r, exchange, what);
    *token = NULL;
    int status = write_request(&r, err);
    if (!status) status = ask(&r, runtime, err);
    if (status < 0) mask(&r, err);
    if (!status) {
        int64_t now = beluga__wall_s();
        *expires_s = good_until(r.token.expires_s, now);
        log_token(&r, runtime, began_ns, *expires_s ? *expires_s - now : 0);
        *token = beluga__buf_steal(&r.token.text, NULL);
    }
    end_run(&r);
    return status;
}
