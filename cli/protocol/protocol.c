#include "protocol/protocol.h"

#include "base/mix.h"
#include "base/text.h"
#include "protocol/read.h"

#include <beluga/error.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- requests -------------------------------------------------------------------------------- */

/* Find a text that requests of one conversation, or at least of one user, have in common. Such
 * requests should be sent to the same server, which may have their beginning in its cache. */
static const char *find_affinity(const beluga_json *body)
{
    static const char *const names[] = {"prompt_cache_key", "user", "safety_identifier"};
    const char *text = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && (!text || !*text); i++)
        text = beluga_json_get_string(body, names[i], NULL);
    if (!text || !*text)
        text = beluga_json_get_string(beluga_json_get(body, "metadata"), "user_id", NULL);
    return text && *text ? text : NULL;
}

static int find_routing(protocol_request *request)
{
    const beluga_json *stream = beluga_json_get(request->body, "stream");
    int rc = protocol_get_text(request, NULL, request->body, "model", &request->model, NULL);
    request->stream = beluga_json_bool(stream, false);
    request->affinity = find_affinity(request->body);
    if (rc == 0 && protocol_is_given(stream) &&
        beluga_json_bool(stream, false) != beluga_json_bool(stream, true))
        return protocol_refuse(request, NULL, "stream", "it must be true or false");
    return rc;
}

int protocol_request_parse(protocol_request *request, const protocol *table, const char *body,
                           size_t length)
{
    beluga_error err;
    request->protocol = table;
    int rc = beluga_json_parse(body, length, &request->doc, &err);
    if (rc == BELUGA_ERROR_NO_MEMORY) return rc;
    if (rc) {
        protocol_refuse(request, NULL, NULL, "the body is not valid JSON: %s", err.message);
        return rc == BELUGA_ERROR_LIMIT_EXCEEDED ? rc : BELUGA_ERROR_INVALID_INPUT;
    }
    request->body = beluga_json_doc_root(request->doc);
    if (!beluga_json_is_object(request->body))
        return protocol_refuse(request, NULL, NULL, "the body must be a JSON object");
    return find_routing(request);
}

int protocol_request_read(protocol_request *request)
{
    if (!request->messages) request->messages = beluga_messages_new();
    if (!request->messages) return BELUGA_ERROR_NO_MEMORY;
    return request->protocol->read(request);
}

bool protocol_request_wants_usage(const protocol_request *request)
{
    const beluga_json *options = beluga_json_get(request->body, "stream_options");
    return beluga_json_bool(beluga_json_get(options, "include_usage"), false);
}

void protocol_request_explain(const protocol_request *request, int code, beluga_error *err)
{
    beluga_error_set(err, code, "%s", *request->why ? request->why : beluga_error_text(code));
}

void protocol_request_free(protocol_request *request)
{
    for (size_t i = 0; i < request->n_tools; i++) beluga_tool_unref(request->tools[i]);
    for (size_t i = 0; i < request->n_renamed; i++) free(request->renamed[i].sent);
    free(request->tools);
    free(request->renamed);
    free(request->schema);
    free(request->extra);
    beluga_messages_free(request->messages);
    beluga_json_doc_free(request->doc);
    /* reading failed: free everything, since a partly read request is large and useless */
    request->n_tools = request->n_renamed = request->n_options = 0;
    request->tools = NULL;
    request->renamed = NULL;
    request->schema = request->extra = NULL;
    request->messages = NULL;
    request->doc = NULL;
    request->body = NULL;
    *request->dropped = *request->why = '\0';
}

/* ---- answers --------------------------------------------------------------------------------- */

/* The ids of answers must be unique, but not secret, so one random seed for all of them is enough.
 */
static uint64_t seed;

static void make_seed(void)
{
    seed = beluga__seed();
}

void protocol_identity_make(protocol_identity *identity, const protocol *table, const char *model)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static atomic_uint_fast64_t count;
    char *text = identity->id;
    const size_t n = strlen(table->id_prefix);
    pthread_once(&once, make_seed);
    const uint64_t number = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    memcpy(text, table->id_prefix, n);
    text = beluga__put_hex(text + n, beluga__mix(seed), 16);
    text = beluga__put_hex(text, beluga__mix(seed ^ beluga__mix(number + 1)), 16);
    *text = '\0';
    identity->created = (int64_t)time(NULL);
    identity->model = model;
}

protocol_stream *protocol_stream_new(const protocol_request *request,
                                     const protocol_identity *identity, beluga__buf *out)
{
    protocol_stream *stream = calloc(1, request->protocol->stream_size);
    if (!stream) return NULL;
    stream->protocol = request->protocol;
    stream->request = request;
    stream->identity = *identity;
    stream->out = out;
    return stream;
}

void protocol_stream_free(protocol_stream *stream)
{
    if (!stream) return;
    if (stream->protocol->release) stream->protocol->release(stream);
    free(stream);
}

int protocol_stream_restart(protocol_stream *stream)
{
    beluga_error err;
    if (!stream->opened) return 0;
    beluga_error_set(&err, BELUGA_ERROR_STREAM,
                     "the provider started the answer again, which this stream can't show: send "
                     "the request again");
    return stream->protocol->fail(stream, &err);
}
