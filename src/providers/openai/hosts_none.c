/* Replaces hosts.c in a library without named hosts. */
#include "providers/openai/openai.h"

const beluga_provider *beluga__openai_host_at(size_t index)
{
    (void)index;
    return NULL;
}
