/* A server of the batch APIs of OpenAI, Anthropic, Gemini and Mistral, which fails on purpose. */
#include "peer/batch_call.h"
#include "peer/server.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- key and path of a request --------------------------------------------------------------- */

static void copy_key(batch_call *call, const char *key)
{
    snprintf(call->key, sizeof call->key, "%s", key);
}

/* Find the key in the header of any of the APIs; Azure uses api-key. */
static void read_key(batch_call *call)
{
    static const char *const names[] = {"x-api-key", "x-goog-api-key", "api-key"};
    const char *bearer = peer__find_header(call->req, "authorization");
    if (bearer && strncasecmp(bearer, "Bearer ", 7) == 0) copy_key(call, bearer + 7);
    for (size_t i = 0; !*call->key && i < sizeof names / sizeof *names; i++) {
        const char *value = peer__find_header(call->req, names[i]);
        if (value) copy_key(call, value);
    }
    if (!*call->key) peer__batch_query(call, "key", call->key, sizeof call->key);
}

static bool begins_with(const char *text, const char *begin)
{
    return strncmp(text, begin, strlen(begin)) == 0;
}

/* Google's paths begin with /v1beta in its documentation, and with /v1 in its clients since 3.0
 * (google-genai for Python and JavaScript). In `path`, which has space for it, write the longer
 * one; Google's headers tell such a path from OpenAI's. */
static void read_google_version(batch_call *call)
{
    static const char beta[] = "beta";
    char *version = strstr(call->path, "/v1/");
    size_t n = strlen(call->path);
    bool is_google = peer__find_header(call->req, "x-goog-api-key") ||
                     peer__find_header(call->req, "x-goog-upload-command");
    if (!version || !is_google || n + sizeof beta > sizeof call->path) return;
    memmove(version + 3 + sizeof beta - 1, version + 3, strlen(version + 3) + 1);
    memcpy(version + 3, beta, sizeof beta - 1);
}

/* Copy the path without its prefix. Azure and Groq have OpenAI's paths below /openai; Azure's dated
 * API has them there without /v1, and with its date in the query. The prefix /together exists only
 * in the peer, to recognise requests for Together. Returns false if the path is too long. */
static bool read_path(batch_call *call)
{
    const char *path = call->req->path, *query = strchr(path, '?');
    bool is_together = begins_with(path, "/together/"), is_azure = begins_with(path, "/openai/");
    char date[32];
    call->query = query ? query + 1 : "";
    if (is_together) path += strlen("/together");
    if (is_azure) path += strlen("/openai");
    bool is_dated = is_azure && peer__batch_query(call, "api-version", date, sizeof date);
    int n = snprintf(call->path, sizeof call->path, "%s%.*s", is_dated ? "/v1" : "",
                     (int)(query ? query - path : (ptrdiff_t)strlen(path)), path);
    if (n < 0 || (size_t)n >= sizeof call->path) return false;
    read_google_version(call);
    call->shape = is_together ? BATCH_TOGETHER : BATCH_OPENAI;
    if (begins_with(call->path, "/v1/messages/")) call->shape = BATCH_ANTHROPIC;
    if (begins_with(call->path, "/v1/batch/")) call->shape = BATCH_MISTRAL;
    if (strstr(call->path, "/v1beta/")) call->shape = BATCH_GEMINI;
    return true;
}

/* ---- answering ------------------------------------------------------------------------------- */

static bool needs_key(const batch_call *call)
{
    return !begins_with(call->path, "/control/") && !begins_with(call->path, "/upload/");
}

static void answer_by_shape(batch_call *call)
{
    bool done = peer__batch_control(call) || peer__batch_openai(call) ||
                peer__batch_anthropic(call) || peer__batch_gemini(call) ||
                peer__batch_mistral(call) || peer__batch_files(call) || peer__batch_uploads(call);
    if (!done) peer__batch_refuse(call, 404, "The scripted peer has no such path for batches.");
}

static void answer(void *state, request *req, peer_reply *r)
{
    batches *b = state;
    batch_call call = {.b = b, .req = req, .r = r};
    if (!read_path(&call)) {
        peer__batch_refuse(&call, 404, "The path is too long.");
        return;
    }
    read_key(&call);
    if (needs_key(&call)) b->requests++;
    if (needs_key(&call) && !*call.key)
        peer__batch_refuse(&call, 401, "The request has no API key.");
    else
        answer_by_shape(&call);
}

static void free_batches(void *state)
{
    peer__batch_store_free(state);
    free(state);
}

/* ---- settings -------------------------------------------------------------------------------- */

static batches *batches_new(peer *p, const peer_batches *settings)
{
    batches *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    b->owner = p;
    b->max_body = p->max_body;
    b->seed = b->random = settings->seed;
    b->job_ns = (uint64_t)(settings->seconds * 1e9);
    b->job_polls = settings->polls;
    b->page = settings->page;
    b->late_list_ns = (uint64_t)settings->late_list_ms * PEER_NS_PER_MS;
    return b;
}

static const char *read_faults(batches *b, const peer_batches *settings)
{
    for (size_t i = 0; i < settings->n_faults; i++) {
        const char *wrong = peer__batch_read_fault(b, settings->faults[i]);
        if (wrong) return wrong;
    }
    return NULL;
}

const char *peer_serve_batches(peer *p, const peer_batches *settings)
{
    batches *b = batches_new(p, settings);
    const char *wrong = b ? read_faults(b, settings) : "out of memory";
    if (wrong) {
        free(b);
        return wrong;
    }
    pthread_mutex_lock(&p->lock);
    p->handler = (peer_handler){answer, free_batches, b};
    pthread_mutex_unlock(&p->lock);
    return NULL;
}
