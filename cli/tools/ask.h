/* Asks the user at the terminal, and draws tool calls. Only the main thread may use this. */
#ifndef BELUGA_CLI_TOOLS_ASK_H
#define BELUGA_CLI_TOOLS_ASK_H

#include <beluga/context.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ask_answer { ASK_NO, ASK_YES, ASK_ALWAYS } ask_answer;

/* Return whether the user can be asked: stderr is a terminal from which answers can be read. */
bool ask_is_possible(void);

/* Show a whole call, and ask the user whether it may run. @return the answer; ASK_NO if the context
 * ends before. */
ask_answer ask_about_call(const char *name, const char *arguments, size_t length,
                          const beluga_context *context);

/* Draw the beginning of a call, in one line. */
void ask_draw_call(const char *name, const char *arguments, size_t length);
/* Draw the result of a call. @param ns Duration of the call; -1: the call did not run. */
void ask_draw_result(const char *name, const char *text, size_t length, bool failed, int64_t ns);

#endif
