/* The vectors and counts of the provider `mock`, which are derived from the words of a text. */
#ifndef BELUGA__PROVIDERS_MOCK_WORDS_H
#define BELUGA__PROVIDERS_MOCK_WORDS_H

#include "providers/mock/script.h"

static inline bool beluga__mock_is_space(char c)
{
    /* a single expression without a branch, for speed */
    return (c == ' ') | ((unsigned char)(c - '\t') <= '\r' - '\t');
}

/* Emit a vector for each input of the call, the usage, and the finish. */
int beluga__mock_embed(const beluga_call *call, beluga_emit *emit);
/* Returns the number of words in a text. */
int64_t beluga__mock_count_words(piece text);

#endif
