/* Replaces the rest of hosts.c in such a library: the protocol works with any base URL. A library
 * without the protocol has no use for it. */
#include "providers/openai/openai.h"

const beluga__openai_host *beluga__openai_host_of(const beluga_call *call)
{
    static const beluga__openai_host plain;
    (void)call;
    return &plain;
}
