#include "model/call_kind.h"

static beluga__encode_fn *job_encoder(const beluga_call *call)
{
    const beluga_batch_api *api = call->target->provider->batch;
    if (!api) return NULL;
    switch (call->kind) {
    case BELUGA_CALL_BATCH_CREATE: return api->encode_create;
    case BELUGA_CALL_BATCH_GET: return api->encode_get;
    case BELUGA_CALL_BATCH_LIST: return api->encode_list;
    case BELUGA_CALL_BATCH_CANCEL: return api->encode_cancel;
    case BELUGA_CALL_BATCH_RESULTS: return api->encode_results;
    case BELUGA_CALL_BATCH_SWEEP: return api->encode_sweep;
    default: return api->encode_delete;
    }
}

beluga__encode_fn *beluga__call_kind_encoder(const beluga_call *call)
{
    const beluga_provider *provider = call->target->provider;
    if (beluga__call_is_answer(call)) return provider->encode_request;
    switch (call->kind) {
    case BELUGA_CALL_MODELS: return provider->encode_list_models;
    case BELUGA_CALL_EMBED: return provider->encode_embed;
    case BELUGA_CALL_COUNT: return provider->encode_count;
    default: return job_encoder(call);
    }
}

beluga__decode_fn *beluga__call_kind_decoder(const beluga_call *call)
{
    const beluga_provider *provider = call->target->provider;
    switch (call->kind) {
    case BELUGA_CALL_MODELS: return provider->decode_list_models;
    case BELUGA_CALL_EMBED: return provider->decode_embed;
    default: return provider->decode_count;
    }
}

/* Full providers never list models, since the API has no event with which they could emit a model's
 * name. */
bool beluga__call_kind_starts(const beluga_call *call)
{
    static const uint64_t bits[] = {[BELUGA_CALL_EMBED] = BELUGA_CAPABILITY_EMBED,
                                    [BELUGA_CALL_COUNT] = BELUGA_CAPABILITY_COUNT};
    if (beluga__call_is_answer(call)) return true;
    return call->kind < sizeof bits / sizeof *bits &&
           call->target->provider->capabilities & bits[call->kind];
}

int beluga__call_kind_refuse(const beluga_call *call, beluga_error *err)
{
    static const char *const reasons[] = {
        [BELUGA_CALL_ANSWER] = "this provider does not answer messages",
        [BELUGA_CALL_MODELS] = "this provider has no list of models",
        [BELUGA_CALL_EMBED] = "this provider does not embed texts",
        [BELUGA_CALL_COUNT] =
            "this provider does not count tokens: beluga_message_estimate_tokens gives an estimate",
    };
    bool listed = call->kind < sizeof reasons / sizeof *reasons;
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED, "%s",
                            listed ? reasons[call->kind] : "this provider has no batch API");
}
