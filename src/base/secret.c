#include "base/secret.h"

#include <string.h>

/* Shorter keys and parts of keys, such as the name of a region, are not masked. */
enum { MIN_KEY = 8, MIN_PART = 16 };

static void mask(const char *word, size_t length, char *bytes, size_t n)
{
    const char *end = bytes + n;
    while ((bytes = memmem(bytes, (size_t)(end - bytes), word, length)) != NULL) {
        memset(bytes, '*', length);
        bytes += length;
    }
}

/* Mask the secret members of a key that is a JSON object. Other members, such as a project's name,
 * are not secret. */
static void mask_members(const char *key, char *bytes, size_t n)
{
    static const char *const names[] = {"\"private_key\"", "\"client_secret\"",
                                        "\"refresh_token\""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *at = strstr(key, names[i]);
        if (!at) continue;
        at += strlen(names[i]);
        at += strspn(at, " \t\r\n:");
        size_t length = *at == '"' ? strcspn(at + 1, "\"") : 0;
        if (length >= MIN_KEY) mask(at + 1, length, bytes, n);
    }
}

void beluga__secret_mask(const char *key, char *bytes, size_t n)
{
    size_t length = key ? strlen(key) : 0;
    if (length < MIN_KEY || !n) return;
    mask(key, length, bytes, n);
    if (*key == '{') mask_members(key, bytes, n);
    if (*key == '{' || !strchr(key, ':')) return;
    for (const char *part = key; *part; part += length + (part[length] == ':')) {
        length = strcspn(part, ":");
        if (length >= MIN_PART) mask(part, length, bytes, n);
    }
}

void beluga__secrets_mask(const char *const *secrets, char *bytes, size_t n)
{
    for (; secrets && *secrets; secrets++) beluga__secret_mask(*secrets, bytes, n);
}
