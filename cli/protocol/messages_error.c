#include "protocol/fault.h"
#include "protocol/messages.h"

#include <beluga/error.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a conversation that is too long --------------------------------------------------------- */

static const char too_long[] = "prompt is too long";

enum { LEAST_TOKENS = 100 }; /* a smaller number in such an error is not a token count */

/* Read a number such as "1,048,576", and move *at behind it. @return 0 if the digits are part of a
 * word. */
static int64_t read_number(const char **at, const char *begin)
{
    const char *text = *at;
    bool alone = text == begin || !(isalnum((unsigned char)text[-1]) || strchr("-_.", text[-1]));
    int64_t number = 0;
    for (; isdigit((unsigned char)*text) || (*text == ',' && isdigit((unsigned char)text[1]));
         text++)
        if (*text != ',' && number < INT64_MAX / 100) number = number * 10 + (*text - '0');
    *at = text;
    return alone && !isalpha((unsigned char)*text) && *text != '-' && *text != '_' ? number : 0;
}

/* Find the first two different token counts in an error message. The larger count is that of the
 * request, and the smaller one is the maximum of the model. */
static bool find_counts(const char *text, int64_t *tokens, int64_t *most)
{
    int64_t first = 0;
    for (const char *at = text; *at;) {
        int64_t number = isdigit((unsigned char)*at) ? read_number(&at, text) : (at++, 0);
        if (number < LEAST_TOKENS || number == first) continue;
        if (first) {
            *tokens = number > first ? number : first;
            *most = number > first ? first : number;
            return true;
        }
        first = number;
    }
    return false;
}

/* Change the message so that clients recognise that they must shorten the conversation. */
static void say_too_long(char message[PROTOCOL_FAULT_BYTES])
{
    char said[PROTOCOL_FAULT_BYTES];
    int64_t tokens, most;
    if (strcasestr(message, too_long)) return;
    memcpy(said, message, sizeof said);
    if (find_counts(said, &tokens, &most))
        snprintf(message, PROTOCOL_FAULT_BYTES, "%s: %lld tokens > %lld maximum", too_long,
                 (long long)tokens, (long long)most);
    else
        snprintf(message, PROTOCOL_FAULT_BYTES, "%s: %.*s", too_long,
                 (int)(PROTOCOL_FAULT_BYTES - sizeof too_long - 2), said);
}

/* ---- errors ---------------------------------------------------------------------------------- */

void protocol_messages_error(beluga_json_writer *w, const beluga_error *error,
                             const char *request_id)
{
    char message[PROTOCOL_FAULT_BYTES];
    if (!request_id || !*request_id) request_id = error->request_id;
    protocol_fault_message(error, message);
    if (error->code == BELUGA_ERROR_CONTEXT_LENGTH) say_too_long(message);
    beluga_json_put_string(w, "type", "error");
    beluga_json_begin_object(w, "error");
    beluga_json_put_string(w, "type", protocol_fault_of(error).messages_type);
    beluga_json_put_string(w, "message", message);
    beluga_json_end_object(w);
    if (*request_id) beluga_json_put_string(w, "request_id", request_id);
}

int protocol_messages_status(const beluga_error *error)
{
    return protocol_fault_of(error).messages_status;
}
