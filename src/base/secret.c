#include "base/secret.h"

#include <string.h>

/* A short part of a key, such as the name of a region, is no secret. */
enum { MIN_KEY = 8, MIN_PART = 16 };

static void mask(const char *word, size_t length, char *bytes, size_t n)
{
    const char *end = bytes + n;
    while ((bytes = memmem(bytes, (size_t)(end - bytes), word, length)) != NULL) {
        memset(bytes, '*', length);
        bytes += length;
    }
}

void beluga__secret_mask(const char *key, char *bytes, size_t n)
{
    size_t length = key ? strlen(key) : 0;
    if (length < MIN_KEY || !n) return;
    mask(key, length, bytes, n);
    if (!strchr(key, ':')) return;
    for (const char *part = key; *part; part += length + (part[length] == ':')) {
        length = strcspn(part, ":");
        if (length >= MIN_PART) mask(part, length, bytes, n);
    }
}

void beluga__secrets_mask(const char *const *secrets, char *bytes, size_t n)
{
    for (; secrets && *secrets; secrets++) beluga__secret_mask(*secrets, bytes, n);
}
