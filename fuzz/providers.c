#include "providers.h"

#include "providers/builtin.h"

#include <string.h>

const beluga_provider *fuzz_provider(const char *name)
{
    const beluga_provider *p;
    size_t n = 0, sum = 0;
    for (; (p = beluga__builtin_provider(n)); n++)
        if (!p->start && strcmp(p->name, name) == 0) return p;
    for (; *name; name++) sum = sum * 31 + (unsigned char)*name;
    p = beluga__builtin_provider(sum % n);
    return p->start ? beluga__builtin_provider((sum + 1) % n) : p;
}
