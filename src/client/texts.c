#include "client/texts.h"

#include "base/limits.h"
#include "base/utf8.h"

static int check_number(const char *const *texts, size_t n, beluga_error *err)
{
    if (!n || !texts) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no texts provided");
    if (n > BELUGA__MAX_INPUTS)
        return beluga_error_set(
            err, BELUGA_ERROR_LIMIT_EXCEEDED,
            "there are %zu texts, but one call takes at most %u: use several calls", n,
            BELUGA__MAX_INPUTS);
    return 0;
}

static int check_text(const char *text, size_t length, size_t i, beluga_error *err)
{
    if (!length)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "text %zu is empty, and has no vector: leave it out", i);
    if (length > BELUGA__MAX_PART_BYTES)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "text %zu is over 64 MiB", i);
    size_t valid = beluga__utf8_valid(text, length);
    if (valid == length) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "text %zu: invalid UTF-8 at byte %zu",
                            i, valid);
}

static int no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the texts");
}

int beluga__texts_take(const char *const *texts, const size_t *lengths, size_t n, bool copies,
                       beluga__arena *arena, const beluga__input **out, beluga_error *err)
{
    int status = check_number(texts, n, err);
    if (status) return status;
    beluga__input *inputs = beluga__arena_alloc(arena, n * sizeof *inputs);
    if (!inputs) return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const char *text = texts[i];
        if (!text) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "text %zu is NULL", i);
        size_t length = lengths ? lengths[i] : strlen(text);
        status = check_text(text, length, i, err);
        if (status) return status;
        if (copies) text = beluga__arena_copy(arena, text, length);
        if (!text) return no_memory(err);
        inputs[i] = (beluga__input){text, length};
    }
    *out = inputs;
    return 0;
}
