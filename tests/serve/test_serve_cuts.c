/* A stream that is cut after each of its bytes, in each protocol, as clients of each protocol see
 * it: no client sees a success for a cut answer, or a failure for a complete one.
 *
 * A strict reader judges the bytes that the client got: the data of every event is JSON; the texts
 * join to the whole text; a success ends correctly in HTTP and in its protocol, and a failure in
 * neither. */
#include "gate.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_TEXT "Hello world"

/* ---- the providers' streams ------------------------------------------------------------------ */

typedef struct upstream {
    const char *model; /* a model of GATE_MODELS */
    const char *stream;
    const char *proof; /* the answer can't be complete before the end of this text */
    const char *last;  /* the answer is complete at the end of this text */
} upstream;

#define CHUNK(delta, reason)                                                                    \
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,"                  \
    "\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":" reason \
    "}]}\n\n"
#define MESSAGES_EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define RESPONSES_EVENT            MESSAGES_EVENT
#define TEXT_PART                  "{\"type\":\"output_text\",\"text\":\"Hello world\",\"annotations\":[]}"
#define MESSAGE_ITEM(status, content)                                                 \
    "{\"type\":\"message\",\"id\":\"m1\",\"role\":\"assistant\",\"status\":\"" status \
    "\",\"content\":[" content "]}"
#define USAGE                                                                    \
    "{\"input_tokens\":7,\"output_tokens\":2,\"total_tokens\":9,"                \
    "\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens_details\":{" \
    "\"reasoning_tokens\":0}}"

static const upstream upstreams[] = {
    {"m",
     CHUNK("\"role\":\"assistant\",\"content\":\"Hello\"", "null") CHUNK("\"content\":\" world\"",
                                                                         "null")
         CHUNK("",
               "\"stop\"") "data: "
                           "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                           "\"model\":\"x\","
                           "\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,"
                           "\"total_tokens\":9}}\n\ndata: [DONE]\n\n",
     "\"finish_reason\":\"stop\"}]}", "[DONE]\n"},
    {"a",
     MESSAGES_EVENT("message_start",
                    ",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\","
                    "\"model\":\"x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
                    "\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}")
         MESSAGES_EVENT("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\","
                                               "\"text\":\"\"}")
             MESSAGES_EVENT("content_block_delta", ",\"index\":0,\"delta\":{\"type\":"
                                                   "\"text_delta\",\"text\":\"Hello\"}")
                 MESSAGES_EVENT("content_block_delta", ",\"index\":0,\"delta\":{\"type\":"
                                                       "\"text_delta\",\"text\":\" world\"}")
                     MESSAGES_EVENT("content_block_stop", ",\"index\":0") MESSAGES_EVENT(
                         "message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\","
                                          "\"stop_sequence\":null},\"usage\":{\"output_tokens\":2}")
                         MESSAGES_EVENT("message_stop", ""),
     "\"usage\":{\"output_tokens\":2}}", "\"message_stop\"}\n"},
    {"r",
     RESPONSES_EVENT("response.created", ",\"response\":{\"id\":\"r1\",\"object\":\"response\","
                                         "\"status\":\"in_progress\",\"model\":\"x\","
                                         "\"output\":[]}")
         RESPONSES_EVENT("response.output_item.added",
                         ",\"output_index\":0,\"item\":" MESSAGE_ITEM("in_progress", ""))
             RESPONSES_EVENT("response.output_text.delta",
                             ",\"item_id\":\"m1\",\"output_index\":0,\"content_index\":0,"
                             "\"delta\":\"Hello\"")
                 RESPONSES_EVENT("response.output_text.delta",
                                 ",\"item_id\":\"m1\",\"output_index\":0,\"content_index\":0,"
                                 "\"delta\":\" world\"")
                     RESPONSES_EVENT(
                         "response.output_item.done",
                         ",\"output_index\":0,\"item\":" MESSAGE_ITEM("completed", TEXT_PART))
                         RESPONSES_EVENT(
                             "response.completed",
                             ",\"response\":{\"id\":\"r1\",\"object\":\"response\","
                             "\"status\":\"completed\",\"model\":\"x\",\"output\":[" MESSAGE_ITEM(
                                 "completed", TEXT_PART) "],\"usage\":" USAGE "}"),
     USAGE "}}", USAGE "}}\n"},
};
#define UPSTREAMS (sizeof upstreams / sizeof *upstreams)

/* ---- the clients' requests ------------------------------------------------------------------- */

typedef struct client {
    const char *name, *path, *body; /* the body without its model */
} client;

static const client clients[] = {
    {"chat", "/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"},
    {"messages", "/v1/messages",
     "\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"},
    {"responses", "/v1/responses", "\"input\":\"Hi\""},
};
#define CLIENTS (sizeof clients / sizeof *clients)

/* ---- the strict reader ----------------------------------------------------------------------- */

typedef struct heard {
    char text[256];  /* the text of the answer */
    bool finished;   /* there was a finish reason */
    bool closed;     /* there was the last event of a complete answer */
    bool failed;     /* there was an error */
    bool http_whole; /* the body ended as HTTP requires */
    int status;
} heard;

/* Remove the framing of chunks from the body. @return whether the last chunk has arrived. */
static bool join_chunks(char *body, size_t n, size_t *joined)
{
    size_t at = 0, out = 0;
    while (at < n) {
        char *end;
        size_t size = strtoul(body + at, &end, 16);
        if (end + 2 > body + n) break;
        at = (size_t)(end + 2 - body);
        if (!size) {
            *joined = out;
            return true;
        }
        size_t part = size < n - at ? size : n - at;
        memmove(body + out, body + at, part);
        out += part;
        at += part + 2;
    }
    *joined = out;
    return false;
}

static void say(heard *h, const char *text)
{
    if (text) strncat(h->text, text, sizeof h->text - strlen(h->text) - 1);
}

static void hear_chat(heard *h, const beluga_json *data)
{
    const beluga_json *choice = beluga_json_first(beluga_json_get(data, "choices"));
    if (beluga_json_get(data, "error")) h->failed = true;
    if (!choice) return;
    say(h, beluga_json_get_string(beluga_json_get(choice, "delta"), "content", NULL));
    if (beluga_json_get_string(choice, "finish_reason", NULL)) h->finished = true;
}

static void hear_named(heard *h, const beluga_json *data)
{
    const char *type = beluga_json_get_string(data, "type", NULL);
    const beluga_json *delta = beluga_json_get(data, "delta");
    assert_non_null(type);
    if (strcmp(type, "response.output_text.delta") == 0) say(h, beluga_json_string(delta, NULL));
    if (strcmp(type, "content_block_delta") == 0)
        say(h, beluga_json_get_string(delta, "text", NULL));
    if (strcmp(type, "message_delta") == 0)
        h->finished |= beluga_json_get_string(delta, "stop_reason", NULL) != NULL;
    if (strcmp(type, "message_stop") == 0 || strcmp(type, "response.completed") == 0)
        h->closed = true;
    if (strcmp(type, "response.completed") == 0) h->finished = true;
    if (strcmp(type, "error") == 0 || strcmp(type, "response.failed") == 0) h->failed = true;
}

static void hear_data(heard *h, const char *data)
{
    beluga_json_doc *doc = NULL;
    beluga_error err;
    if (strcmp(data, "[DONE]") == 0) {
        h->closed = true;
        return;
    }
    if (beluga_json_parse(data, strlen(data), &doc, &err))
        fail_msg("an event's data is not JSON: %s", data);
    const beluga_json *root = beluga_json_doc_root(doc);
    if (beluga_json_get(root, "type"))
        hear_named(h, root);
    else
        hear_chat(h, root);
    beluga_json_doc_free(doc);
}

/* Read the complete events. An incomplete event is dropped, as clients do. */
static void hear_events(heard *h, char *text)
{
    char *event, *end, *line, *rest;
    for (event = text; (end = strstr(event, "\n\n")); event = end + 2) {
        *end = '\0';
        for (line = strtok_r(event, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            if (strncmp(line, "data: ", 6) == 0) hear_data(h, line + 6);
    }
    if (*event) fail_msg("half an event was sent: %s", event);
}

static heard judge(gate *g, int status)
{
    static char body[sizeof g->text];
    heard h = {.status = status};
    const char *at = strstr(g->text, "\r\n\r\n");
    size_t n;
    if (!at) fail_msg("no answer of HTTP came: %s", g->text);
    strcpy(body, at + 4);
    if (status != 200) return h;
    h.http_whole = join_chunks(body, strlen(body), &n);
    body[n] = '\0';
    hear_events(&h, body);
    return h;
}

static void check(gate *g, const upstream *u, const client *c, size_t cut, bool clean, int status)
{
    static char kept[sizeof g->text];
    strcpy(kept, g->text);
    const heard h = judge(g, status);
    const size_t proof = (size_t)(strstr(u->stream, u->proof) - u->stream) + strlen(u->proof);
    const size_t line = (size_t)(strstr(u->stream, u->last) - u->stream) + strlen(u->last);
    const size_t last = clean ? line : strlen(u->stream);
    const bool has_end = h.closed || strcmp(c->name, "chat") == 0;
    const bool success = status == 200 && h.http_whole && h.finished && has_end && !h.failed;
    const char *wrong = NULL;
    if (success && cut < proof) wrong = "a success that is none";
    if (success && strcmp(h.text, WHOLE_TEXT) != 0) wrong = "a success with another text";
    if (!success && cut >= last) wrong = "a failure where all was there";
    if (!success && status == 200 && (h.http_whole || !h.failed)) wrong = "an end of neither kind";
    if (!success && status == 200 && h.closed) wrong = "a failure that looks whole";
    if (!success && status < 400 && status != 200) wrong = "an odd status";
    if (wrong)
        fail_msg("%s: %s asked %s, and byte %zu of %zu was the last: %s", wrong, c->name, u->model,
                 cut, strlen(u->stream), kept);
}

/* ---- cuts ------------------------------------------------------------------------------------ */

typedef enum ending {
    ENDS_IN_HTTP,  /* with the last chunk, as if the body were complete */
    ENDS_AT_CLOSE, /* the body ends with the connection */
    IS_CLOSED,     /* the connection closes before the last chunk */
    IS_RESET,
    ENDINGS
} ending;

static void script_cut(peer *p, const char *stream, size_t cut, ending how)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    peer_reply *r = peer_reply_new(p);
    if (how == ENDS_AT_CLOSE) {
        peer_step_raw(r, head, sizeof head - 1);
        peer_step_raw(r, stream, cut);
        peer_step_close(r);
        return;
    }
    peer_step_status(r, 200, "Content-Type: text/event-stream\r\n");
    peer_step_chunk(r, stream, cut);
    if (how == ENDS_IN_HTTP) peer_step_end(r);
    if (how == IS_CLOSED) peer_step_close(r);
    if (how == IS_RESET) peer_step_reset(r);
}

/* Cut the stream after each byte near the end, and before that after every `step` bytes. */
static void cut_everywhere(gate *g, const upstream *u, const client *c, ending how, size_t step)
{
    char body[512];
    const size_t length = strlen(u->stream);
    snprintf(body, sizeof body, "{\"model\":\"%s\",\"stream\":true,%s}", u->model, c->body);
    for (size_t cut = 0; cut <= length; cut += cut + 12 < length ? step : 1) {
        script_cut(g->peer, u->stream, cut, how);
        check(g, u, c, cut, how <= ENDS_AT_CLOSE, gate_ask(g, c->path, body));
    }
}

/* With BELUGA_TEST_CUT_STEP=1 a stream is cut after every byte, which takes minutes. */
static void cut_all(gate *g, const char *config)
{
    const char *given = getenv("BELUGA_TEST_CUT_STEP");
    const size_t step = given ? (size_t)atoi(given) : 41;
    gate_serve(g, config);
    for (size_t u = 0; u < UPSTREAMS; u++)
        for (size_t c = 0; c < CLIENTS; c++)
            for (int how = 0; how < ENDINGS; how++)
                cut_everywhere(g, &upstreams[u], &clients[c], (ending)how, step);
}

static void a_cut_stream_is_no_success(void **state)
{
    cut_all(*state, GATE_MODELS);
}

static void a_cut_stream_that_is_translated_is_no_success(void **state)
{
    cut_all(*state, GATE_MODELS "serve: {passthrough: false}\n");
}

static void a_cut_stream_that_is_held_is_no_success(void **state)
{
    cut_all(*state, GATE_MODELS "serve: {stream_failover: hold}\n");
}

#define GATE_TEST(test) cmocka_unit_test_setup_teardown(test, gate_setup, gate_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(a_cut_stream_is_no_success),
        GATE_TEST(a_cut_stream_that_is_translated_is_no_success),
        GATE_TEST(a_cut_stream_that_is_held_is_no_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
