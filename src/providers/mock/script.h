/* The script of the provider `mock`: what its options and its model's name tell it to do. */
#ifndef BELUGA__PROVIDERS_MOCK_SCRIPT_H
#define BELUGA__PROVIDERS_MOCK_SCRIPT_H

#include <beluga/provider/provider.h>

typedef struct piece {
    const char *text;
    size_t length;
} piece;

/* Borrowed from the configuration or the call. Starts as zero but for error_count, which is -1. */
typedef struct mock_script {
    piece responses, reasoning, tool_calls;
    const char *error;
    const char *finish;
    int64_t latency_ms, word_delay_ms;
    int64_t error_count; /* -1: every call fails */
    int64_t error_after_words;
    int failure;                 /* the code that `error` or the model's name means, or 0 */
    beluga_finish_reason reason; /* what `finish` means; UNKNOWN: it follows from the answer */
    bool endless;                /* `finish` is "none" */
} mock_script;

/* Read the options in force for a call. */
void beluga__mock_script_read(mock_script *s, const beluga_call *call);

/* Turn names into codes; what names nothing is an error with the given code. */
int beluga__mock_script_resolve(mock_script *s, const char *model, int code, beluga_error *err);

/* Check a configuration's script. */
int beluga__mock_script_check(const beluga_config *config, beluga_error *err);

/* Return the response of a turn: the lines in order, round again; a line break at the end adds
 * none. */
piece beluga__mock_pick_response(piece lines, uint64_t turn);

#endif
