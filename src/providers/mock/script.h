/* The script of the provider `mock`, which its options and its model's name define. */
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
    int failure; /* the code of the error that `error` or the model's name names, or 0 */
    beluga_finish_reason reason; /* the reason that `finish` names; UNKNOWN: the content decides */
    bool endless;                /* `finish` is "none" */
} mock_script;

/* Read the options of a call. */
void beluga__mock_script_read(mock_script *s, const beluga_call *call);

/* Convert the names of the error and the finish reason to codes. Returns 0, or `code` for an
 * unknown name. */
int beluga__mock_script_resolve(mock_script *s, const char *model, int code, beluga_error *err);

/* Check the script of a configuration. */
int beluga__mock_script_check(const beluga_config *config, beluga_error *err);

/* Returns the response of a turn, which is one of the lines. After the last line the first one is
 * used again. A line break at the end does not add a line. */
piece beluga__mock_pick_response(piece lines, uint64_t turn);

#endif
