#include "base/mem.h"

static beluga_allocator process_default = BELUGA__SYSTEM_ALLOCATOR;

const beluga_allocator *beluga_allocator_default(void)
{
    return &process_default;
}

void beluga_allocator_set_default(const beluga_allocator *allocator)
{
    static const beluga_allocator system_default = BELUGA__SYSTEM_ALLOCATOR;
    process_default = allocator ? *allocator : system_default;
}

void beluga_free(void *pointer)
{
    beluga__release(&process_default, pointer);
}

char *beluga__copy(const beluga_allocator *a, const char *text, size_t n)
{
    char *copy = beluga__alloc(a, n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}
