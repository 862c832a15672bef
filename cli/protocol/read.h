/* Reading a request: where something is wrong with it, and the members that become options. All
 * protocols read with these. */
#ifndef BELUGA_CLI_PROTOCOL_READ_H
#define BELUGA_CLI_PROTOCOL_READ_H

#include "protocol/protocol.h"

/* A place in a body, on the stack of its reader: a member of the outer place, or an item of it. */
typedef struct protocol_place {
    const struct protocol_place *outer; /* NULL: the body */
    const char *member;                 /* NULL: item `index` of the outer place */
    size_t index;
} protocol_place;

/*
 * Note what is wrong as "messages[2].content: it is no text".
 *
 * `at` is the place, NULL for the body itself; `member` is the member of it that is wrong, NULL for
 * the place itself.
 * @return INVALID_INPUT.
 */
int protocol_refuse(protocol_request *request, const protocol_place *at, const char *member,
                    const char *format, ...) BELUGA_PRINTF(4, 5);

/* Note something that can't be translated; what was noted already is not noted again. */
void protocol_drop(protocol_request *request, const char *name);

/* Whether there is a value: null means that there is none. */
bool protocol_is_given(const beluga_json *value);
/* Get a member that is a text, NULL when it is not given. `length` may be NULL. @return 0;
 * INVALID_INPUT when it is of another type. */
int protocol_get_text(protocol_request *request, const protocol_place *at,
                      const beluga_json *object, const char *member, const char **text,
                      size_t *length);
/* Get a text that must be there. */
int protocol_need_text(protocol_request *request, const protocol_place *at,
                       const beluga_json *object, const char *member, const char **text,
                       size_t *length);

/* ---- members of the body --------------------------------------------------------------------- */

/* A member of a body that is known, and the function that reads it. */
typedef struct protocol_member {
    beluga_json_name name;
    int (*take)(protocol_request *request, const struct protocol_member *member,
                const beluga_json *value);
    int key; /* of the option that it becomes: for protocol_take_option */
} protocol_member;

/* Call the function of each member of the body that is known and given, in the body's order; put
 * all others into request->extra. */
int protocol_take_members(protocol_request *request, const protocol_member *members, size_t count);

/* Add an option. @return 0; INVALID_INPUT too many. */
int protocol_add_option(protocol_request *request, beluga_option option);
/* Functions for protocol_member.take: */
/* The value becomes the option `key`: a number in its range, true or false, or a text. */
int protocol_take_option(protocol_request *request, const protocol_member *member,
                         const beluga_json *value);
/* It becomes the limit of tokens. */
int protocol_take_max_tokens(protocol_request *request, const protocol_member *member,
                             const beluga_json *value);
/* A text or a list of texts that end the answer; empty ones do not count. */
int protocol_take_stops(protocol_request *request, const protocol_member *member,
                        const beluga_json *value);
/* It is read elsewhere, or means nothing. */
int protocol_take_ignored(protocol_request *request, const protocol_member *member,
                          const beluga_json *value);

/* ---- members of members ---------------------------------------------------------------------- */

/* Read how hard the model should reason: "low", … */
int protocol_read_effort(protocol_request *request, const protocol_place *at, const char *member,
                         const beluga_json *value);
/* Read the form of the answer: {"type": "text" | "json_object" | "json_schema", …}. The schema with
 * its name is in a member "json_schema" of it (Chat), or in the value itself (Responses). */
int protocol_read_format(protocol_request *request, const protocol_place *at,
                         const beluga_json *value);
/* Ask for answers that fit a schema; the request keeps a copy. */
int protocol_set_schema(protocol_request *request, const beluga_json *schema);

#endif
