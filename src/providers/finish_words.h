/* The words by which servers say how an answer ended. Hosts pass on the words of the model behind
 * them, in small letters or large, so that all protocols share one table. A protocol has rows of
 * its own only where a word means something else there. */
#ifndef BELUGA__PROVIDERS_FINISH_WORDS_H
#define BELUGA__PROVIDERS_FINISH_WORDS_H

#include <beluga/provider/provider.h>

/* Whether two words are the same but for case, '_', '-', '.' and spaces: "MAX_TOKENS", "maxTokens".
 */
bool beluga__same_word(const char *a, const char *b);

/* A word means a reason, or an error that broke the answer off. */
typedef struct beluga__word {
    const char *word;
    beluga_finish_reason reason; /* counts without a code */
    int code;                    /* 0: it is no error */
} beluga__word;

/* The end of an answer as the server reports it; NULL and false where it says nothing. */
typedef struct beluga__end {
    const char *word;
    const char *native;      /* the word of the model behind the host, which may know better */
    const char *detail;      /* a text beside the word */
    const beluga__word *own; /* rows of the protocol, ended by one without a word */
    bool calls;              /* the answer called tools: some servers say "stop" then, too */
    bool refused;            /* the answer is a refusal, which some servers call a stop */
    bool unfinished;         /* the server says that it is not complete, whatever the word */
} beluga__end;

/* Returns the word of a member, or of its "type"; NULL for null, "" and a missing one. Any other
 * value is returned as a word that nobody knows, since it can't mean success. */
const char *beluga__read_word(const beluga_json *value);

/* Emit FINISH, or the error that the word means. A word that nobody knows is OTHER, which is no
 * success. Returns 0 or a code. */
int beluga__end_emit(const beluga__end *end, beluga_emit *emit);

#endif
