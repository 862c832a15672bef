/* Replaces hosts.c, together with hosts_none.c, in a library without named hosts: the protocol
 * works with any base URL. A library without the protocol needs only hosts_none.c. */
#include "providers/openai/embed.h"
#include "providers/openai/openai.h"

static const beluga__openai_host plain;

int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    return beluga__openai_encode_as(&plain, call, request, err);
}

int beluga__openai_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    return beluga__openai_encode_embed_as(&plain, call, request, err);
}
