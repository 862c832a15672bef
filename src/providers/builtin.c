#include "providers/builtin.h"

#include "parts.h" /* a header that Meson writes, from the option `providers` */
#include "providers/openai/openai.h"

#define TABLE(name) &beluga__##name##_provider,

static const beluga_provider *const providers[] = {BELUGA__PROVIDERS(TABLE) NULL};

const beluga_provider *beluga__builtin_provider(size_t index)
{
    size_t n = sizeof providers / sizeof *providers - 1;
    return index < n ? providers[index] : beluga__openai_host_at(index - n);
}
