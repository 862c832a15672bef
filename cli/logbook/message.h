/* Messages in the log: plain text if the message is a single text, else JSON. */
#ifndef BELUGA_CLI_LOGBOOK_MESSAGE_H
#define BELUGA_CLI_LOGBOOK_MESSAGE_H

#include <beluga/message.h>
#include <beluga/provider/json.h>

#include <stdbool.h>

/* Larger attachments are not stored; the log only notes that they existed. */
#define LOGBOOK_MAX_ATTACHED_BYTES ((size_t)16 * 1024 * 1024)

/* Return whether a message is one text without NUL bytes. */
bool logbook_message_is_plain(const beluga_message *message);

/* Write a message's parts as an array. */
void logbook_message_put(beluga_json_writer *w, const char *key, const beluga_message *message);

/*
 * Make a message from an array of parts, or from `text` if `json` is NULL.
 * @param left_out  Set to true if an attachment is not in the log.
 * @return owned reference; NULL if memory runs out, or if `json` is not an array of parts.
 */
beluga_message *logbook_message_read(beluga_role role, const char *json, const char *text,
                                     bool *left_out);

#endif
