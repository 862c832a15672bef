/* Reads requests: reports mistakes with their place, and reads members that become options. All
 * protocols use these functions. */
#ifndef BELUGA_CLI_PROTOCOL_READ_H
#define BELUGA_CLI_PROTOCOL_READ_H

#include "protocol/protocol.h"

/* A place in a body: a member or an item of the outer place. The struct is on the stack of the
 * function that reads the place. */
typedef struct protocol_place {
    const struct protocol_place *outer; /* NULL: the body */
    const char *member;                 /* NULL: item `index` of the outer place */
    size_t index;
} protocol_place;

/*
 * Report a mistake, such as "messages[2].content: it must be a string".
 *
 * @param at      The place; NULL for the body itself.
 * @param member  The wrong member of the place; NULL for the place itself.
 * @return INVALID_INPUT.
 */
int protocol_refuse(protocol_request *request, const protocol_place *at, const char *member,
                    const char *format, ...) BELUGA_PRINTF(4, 5);

/* Note the name of a member or tool that can't be translated, in request->dropped, unless it was
 * already noted. */
void protocol_drop(protocol_request *request, const char *name);

/* Return whether a value is given. NULL, and the JSON value null, count as not given. */
bool protocol_is_given(const beluga_json *value);
/* Get a string member; NULL if it is missing. `length` may be NULL. @return 0; INVALID_INPUT if it
 * has another type. */
int protocol_get_text(protocol_request *request, const protocol_place *at,
                      const beluga_json *object, const char *member, const char **text,
                      size_t *length);
/* Get a string member that must exist. */
int protocol_need_text(protocol_request *request, const protocol_place *at,
                       const beluga_json *object, const char *member, const char **text,
                       size_t *length);

/* ---- members of the body --------------------------------------------------------------------- */

/* A known member of a body, and the function that reads it. */
typedef struct protocol_member {
    beluga_json_name name;
    int (*take)(protocol_request *request, const struct protocol_member *member,
                const beluga_json *value);
    int key; /* the option that the member becomes, for protocol_take_option */
} protocol_member;

/* Call the function of each known member of the body, in the order of the body; put all other
 * members into request->extra. */
int protocol_take_members(protocol_request *request, const protocol_member *members, size_t count);

/* Add an option. @return 0; INVALID_INPUT if there are too many. */
int protocol_add_option(protocol_request *request, beluga_option option);
/* These functions are values for protocol_member.take: */
/* Read the value as the option `key`: a number in its range, true or false, or a string. */
int protocol_take_option(protocol_request *request, const protocol_member *member,
                         const beluga_json *value);
/* Read the value as the limit of tokens. */
int protocol_take_max_tokens(protocol_request *request, const protocol_member *member,
                             const beluga_json *value);
/* Read the stop sequences: a string or a list of strings; empty ones are ignored. */
int protocol_take_stops(protocol_request *request, const protocol_member *member,
                        const beluga_json *value);
/* Ignore the member, since it is read elsewhere, or has no meaning. */
int protocol_take_ignored(protocol_request *request, const protocol_member *member,
                          const beluga_json *value);

/* ---- members of members ---------------------------------------------------------------------- */

/* Read how much the model should reason: "low", … */
int protocol_read_effort(protocol_request *request, const protocol_place *at, const char *member,
                         const beluga_json *value);
/* Read the form of the answer: {"type": "text" | "json_object" | "json_schema", …}. The schema and
 * its name are in the member "json_schema" (Chat), or in the value itself (Responses). */
int protocol_read_format(protocol_request *request, const protocol_place *at,
                         const beluga_json *value);
/* Set the option that asks for answers that fit a schema. The request owns a copy of the schema. */
int protocol_set_schema(protocol_request *request, const beluga_json *schema);

#endif
