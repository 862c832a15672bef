/* Servers' words for the end of an answer. Hosts pass on the words of the models that they call, in
 * small or capital letters, so all protocols share one table. */
#ifndef BELUGA__PROVIDERS_FINISH_WORDS_H
#define BELUGA__PROVIDERS_FINISH_WORDS_H

#include <beluga/provider/provider.h>

/* Returns whether two words are equal except for case, '_', '-', '.' and spaces: "MAX_TOKENS",
 * "maxTokens".
 */
bool beluga__same_word(const char *a, const char *b);

/* Returns whether a text matches an item of a list, in which each item ends in NUL:
 * "one\0two\0". */
bool beluga__is_among(const char *list, const char *text,
                      bool matches(const char *text, const char *item));

/* How the server reported the end of an answer. A member is NULL or false if the report does not
 * contain it. */
typedef struct beluga__end {
    const char *word;
    const char *native; /* the word of the model that the host called, which may be more exact */
    const char *detail; /* an explanation that the server sent with the word */
    /* the answer called tools, after which some servers also send "stop" */
    bool calls;
    bool refused;    /* the answer is a refusal, for which some servers send "stop" */
    bool unfinished; /* the server reports an incomplete answer, whatever the word is */
} beluga__end;

/* Returns the word of a member, or of its "type"; NULL for null, "" and a missing member. Any
 * other value is returned as an unknown word, since it can't mean success. */
const char *beluga__read_word(const beluga_json *value);

/* Emit FINISH, or the error that the word means. An unknown word becomes OTHER, which does not mean
 * success. Returns 0 or a code. */
int beluga__end_emit(const beluga__end *end, beluga_emit *emit);

#endif
