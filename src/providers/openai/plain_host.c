/* Replaces the rest of hosts.c in such a library: the protocol works with any base URL. A library
 * without the protocol has no use for it. */
#include "providers/openai/openai.h"

int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    static const beluga__openai_host plain;
    return beluga__openai_encode_as(&plain, call, request, err);
}
