/* The script of the provider `mock`, made from its options and its model's name. */
#ifndef BELUGA__PROVIDERS_MOCK_SCRIPT_H
#define BELUGA__PROVIDERS_MOCK_SCRIPT_H

#include <beluga/provider/provider.h>

typedef struct piece {
    const char *text;
    size_t length;
} piece;

/* The texts are borrowed from the configuration or the call. All members begin as zero, except
 * error_count, which begins as -1. */
typedef struct mock_script {
    piece responses, reasoning, tool_calls;
    const char *error;
    const char *finish;
    int64_t latency_ms, word_delay_ms;
    int64_t error_count; /* -1: every call fails */
    int64_t error_after_words;
    int failure;                 /* the code for `error` or for the model's name, or 0 */
    beluga_finish_reason reason; /* the reason for `finish`; UNKNOWN: the answer decides */
    bool endless;                /* `finish` is "none" */
} mock_script;

/* Read the options of a call. */
void beluga__mock_script_read(mock_script *s, const beluga_call *call);

/* Turn names into codes. Returns 0, or `code` for an unknown name. */
int beluga__mock_script_resolve(mock_script *s, const char *model, int code, beluga_error *err);

/* Check a configuration's script. */
int beluga__mock_script_check(const beluga_config *config, beluga_error *err);

/* Returns the response of a turn: one of the lines, which start over after the last one. A line
 * break at the end adds no line. */
piece beluga__mock_pick_response(piece lines, uint64_t turn);

#endif
