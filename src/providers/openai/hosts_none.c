/* Replaces hosts.c in a library that knows no hosts by name: the protocol works with any base
 * URL. */
#include "providers/openai/openai.h"

const beluga_provider *beluga__openai_host_at(size_t index)
{
    (void)index;
    return NULL;
}

int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    static const beluga__openai_host plain;
    return beluga__openai_encode_as(&plain, call, request, err);
}
