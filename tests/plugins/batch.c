/* A plug-in with a batch API, and two faulty ones: their decoders emit on another thread, or to an
 * answer that has ended. */
#include "../batch_jobs/acme.c"

#include <pthread.h>

/* The batch API of acme with another function that decodes results. */
#define API_WITH(decoder)                      \
    {.size = sizeof(beluga_batch_api),         \
     .max_requests = 3,                        \
     .put_request = put_request,               \
     .encode_create = create_job,              \
     .encode_get = get_job,                    \
     .encode_list = list_jobs,                 \
     .encode_cancel = cancel_job,              \
     .encode_results = get_results,            \
     .decode_job = decode_job,                 \
     .decode_result = (decoder),               \
     .decode_results_end = decode_results_end, \
     .state_size = sizeof(acme_state)}

#define STRAY(provider_name, table, decoder)                            \
    {BELUGA_PROVIDER_INIT(provider_name), .default_model = "p",         \
     .encode_request = encode_request,    .decode_response = (decoder), \
     .state_size = sizeof(answer_state),  .batch = (table)}

/* ---- a decoder that emits from another thread ------------------------------------------------ */

static void *emit_there(void *emit)
{
    beluga_emit_batch_result(emit, "there", 200, "{}", 2);
    return NULL;
}

static int decode_on_a_thread(void *state, const char *line, size_t length, beluga_emit *emit)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, emit_there, emit) == 0) pthread_join(thread, NULL);
    return decode_result(state, line, length, emit);
}

static const beluga_batch_api threaded = API_WITH(decode_on_a_thread);
static const beluga_provider stray_thread = STRAY("stray-thread", &threaded, decode_response);

/* ---- a decoder that emits after its answer, or during another one ---------------------------- */

static beluga_emit *outer, *before;

static int decode_and_keep(void *state, const char *line, size_t length, beluga_emit *emit)
{
    outer = emit;
    return decode_result(state, line, length, emit);
}

/* Fault: this also emits through the emit of the previous answer, and reports a result through the
 * emit of the line that contains the answer. */
static int decode_through_others(void *state, const char *body, size_t length, beluga_emit *emit)
{
    static int depth;
    if (before) beluga_emit_text(before, "late", 4);
    before = emit;
    if (outer && depth++ == 0) beluga_emit_batch_result(outer, "inner", 200, body, length);
    depth--;
    return decode_response(state, body, length, emit);
}

static const beluga_batch_api keeping = API_WITH(decode_and_keep);
static const beluga_provider stray_late = STRAY("stray-late", &keeping, decode_through_others);

BELUGA_PLUGIN_PROVIDERS(NULL, &acme, &stray_thread, &stray_late)
