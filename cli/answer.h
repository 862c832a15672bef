/* Runs one call: prints the answer as it arrives, handles Ctrl-C, and keeps the part that arrived.
 */
#ifndef BELUGA_CLI_ANSWER_H
#define BELUGA_CLI_ANSWER_H

#include "tools/runs.h"
#include "tools/set.h"

#include <beluga/chat_model.h>

#include <stdbool.h>

typedef struct answer_request {
    beluga_chat_model *model; /* borrowed */
    /* borrowed; the call adds its tool calls and their results */
    beluga_messages *messages;
    const beluga_option *options; /* borrowed */
    size_t n_options;
    const tool_set *tools; /* borrowed, bound to the model; NULL or empty: none */
    bool unstreamed;
    bool silent;  /* print no part of the answer; the caller prints the response itself */
    bool plain;   /* print Markdown unchanged, even on a terminal */
    bool survive; /* a second Ctrl-C does not end the program */
} answer_request;

typedef struct cli_answer {
    int status; /* 0 or a BELUGA_ERROR_ code */
    beluga_error error;
    beluga_response *response; /* owned; after a failure the part that arrived, or NULL */
    tool_runs runs;            /* the tool calls of the answer */
} cli_answer;

/* Run the call to its end. Free the answer with answer_free. @return answer->status. */
int answer_run(const answer_request *request, cli_answer *answer);
void answer_free(cli_answer *answer);

#endif
