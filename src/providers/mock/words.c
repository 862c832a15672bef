/* The mock's embeddings are bags of words. Each word has a direction, which is derived from its
 * letters, and the vector of a text is the sum of its words' directions, scaled to length 1. So
 * texts with the same words have the same vector, texts that share words have similar vectors, and
 * every machine computes the same vectors. */
#include "providers/mock/words.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_DIMENSIONS = 64, MAX_DIMENSIONS = 4096 };

int64_t beluga__mock_count_words(piece p)
{
    int64_t words = 0;
    unsigned before = 1;
    for (const char *at = p.text, *end = at + p.length; at < end; at++) { /* without a branch */
        unsigned space = beluga__mock_is_space(*at);
        words += space < before;
        before = space;
    }
    return words;
}

/* Returns the FNV-1a hash of a word, with ASCII capital letters as small letters; never 0. */
static uint64_t hash_word(const char *word, size_t n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)word[i];
        if (c >= 'A' && c <= 'Z') c |= 0x20;
        hash = (hash ^ c) * UINT64_C(0x100000001b3);
    }
    return hash | 1;
}

static void add_word(int64_t *sums, size_t n, const char *word, size_t length)
{
    uint64_t x = hash_word(word, length);
    for (size_t i = 0; i < n; i++) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        sums[i] += (int64_t)(x * UINT64_C(0x2545f4914f6cdd1d) >> 48) - 32768;
    }
}

/* Add the directions of a text's words. A text without words is treated as one word. */
static void add_words(int64_t *sums, size_t n, piece text)
{
    const char *at = text.text, *end = at + text.length;
    bool any = false;
    while (at < end) {
        while (at < end && beluga__mock_is_space(*at)) at++;
        const char *word = at;
        while (at < end && !beluga__mock_is_space(*at)) at++;
        if (at == word) continue;
        add_word(sums, n, word, (size_t)(at - word));
        any = true;
    }
    if (!any) add_word(sums, n, text.text, text.length);
}

static void embed(float *values, size_t n, piece text)
{
    int64_t sums[MAX_DIMENSIONS];
    double squares = 0;
    memset(sums, 0, n * sizeof *sums);
    add_words(sums, n, text);
    for (size_t i = 0; i < n; i++) squares += (double)sums[i] * (double)sums[i];
    double length = squares > 0 ? sqrt(squares) : 1;
    for (size_t i = 0; i < n; i++) values[i] = (float)((double)sums[i] / length);
}

int beluga__mock_embed(const beluga_call *call, beluga_emit *emit)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    float values[MAX_DIMENSIONS];
    int64_t dimensions = DEFAULT_DIMENSIONS;
    int status = 0;
    beluga_call_get_int(call, BELUGA_OPTION_DIMENSIONS, &dimensions);
    if (dimensions > MAX_DIMENSIONS)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_INPUT, NULL,
                                   "mock has at most %d dimensions", MAX_DIMENSIONS);
    usage.input_total = 0;
    for (size_t i = 0; i < beluga_call_input_count(call) && status == 0; i++) {
        piece text = {NULL, 0};
        text.text = beluga_call_input(call, i, &text.length);
        embed(values, (size_t)dimensions, text);
        usage.input_total += beluga__mock_count_words(text);
        status = beluga_emit_embedding(emit, (uint32_t)i, values, (size_t)dimensions);
    }
    if (status == 0) status = beluga_emit_usage(emit, &usage);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}
