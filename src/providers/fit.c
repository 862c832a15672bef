#include "providers/fit.h"

#include <stdio.h>
#include <string.h>

/* HASH: length of a hash and the underscore before it. NINE: length of an id. */
enum { HASH = 17, NINE = 9 };

static const char letters_and_digits[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";

uint64_t beluga__hash(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

const char *beluga__fit_word(const char *text, size_t longest, char buffer[BELUGA__FITTED])
{
    size_t length = strlen(text), n = 0;
    if (length && length <= longest && strspn(text, letters_and_digits) == length) return text;
    for (; text[n] && n < longest - HASH; n++)
        buffer[n] = strchr(letters_and_digits, text[n]) ? text[n] : '_';
    snprintf(buffer + n, BELUGA__FITTED - n, "_%016llx", (unsigned long long)beluga__hash(text));
    return buffer;
}

const char *beluga__fit_nine(const char *id, char buffer[BELUGA__FITTED])
{
    size_t n_letters = sizeof letters_and_digits - 3; /* length without "_-" and the NUL */
    if (strlen(id) == NINE && strspn(id, letters_and_digits) == NINE && !id[strcspn(id, "_-")])
        return id;
    uint64_t hash = beluga__hash(id);
    for (size_t i = 0; i < NINE; i++, hash /= n_letters)
        buffer[i] = letters_and_digits[hash % n_letters];
    buffer[NINE] = '\0';
    return buffer;
}
