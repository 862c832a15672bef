/* The messages between a question and its answer, in the log: tool calls and their results. */
#ifndef BELUGA_CLI_LOGBOOK_STEPS_H
#define BELUGA_CLI_LOGBOOK_STEPS_H

#include <beluga/message.h>
#include <beluga/provider/json.h>

/* Write the messages of a list, from `first` on, as an array. */
void logbook_steps_put(beluga_json_writer *w, const beluga_messages *messages, size_t first);

/* A callback for each message, which is borrowed for the call. @return 0, or another number, which
 * ends the reading. */
typedef int (*logbook_step_fn)(void *payload, beluga_message *message);

/* Read such an array; NULL counts as empty. @return 0; the result of the function; or -1 if memory
 * runs out, or if the text is not such an array. */
int logbook_steps_each(const char *json, logbook_step_fn visit, void *payload);

#endif
