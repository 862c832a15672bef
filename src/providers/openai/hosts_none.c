/* In place of hosts.c in a library that knows no hosts by name: the protocol goes to any base URL.
 */
#include "providers/openai/openai.h"

const beluga_provider *beluga__openai_host_at(size_t index)
{
    (void)index;
    return NULL;
}

const beluga__openai_host *beluga__openai_host_of(const beluga_call *call)
{
    static const beluga__openai_host plain;
    (void)call;
    return &plain;
}
