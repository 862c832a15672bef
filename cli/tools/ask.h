/* Questions to the user at the terminal, and what is drawn of calls of tools. Main thread. */
#ifndef BELUGA_CLI_TOOLS_ASK_H
#define BELUGA_CLI_TOOLS_ASK_H

#include <beluga/context.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ask_answer { ASK_NO, ASK_YES, ASK_ALWAYS } ask_answer;

/* Return whether there is somebody to ask: stderr is a terminal, and it can be read from. */
bool ask_is_possible(void);

/* Show a call whole, and ask whether it may run. @return ASK_NO also when the context ends. */
ask_answer ask_about_call(const char *name, const char *arguments, size_t length,
                          const beluga_context *context);

/* Draw a call that begins, in one line. */
void ask_draw_call(const char *name, const char *arguments, size_t length);
/* Draw a call that has ended. @param ns  How long it took; -1: it did not run. */
void ask_draw_result(const char *name, const char *text, size_t length, bool failed, int64_t ns);

#endif
