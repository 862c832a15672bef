/* What providers that speak JSON share, written against the public headers alone. */
#ifndef BELUGA__PROVIDERS_COMMON_H
#define BELUGA__PROVIDERS_COMMON_H

#include <beluga/provider/provider.h>

enum { BELUGA__BODY_OBJECTS = 8 };

/* A request's body into which the caller's extra_body is merged: a member of it stands instead of
 * the provider's own field of that name, and null there leaves the field out. */
typedef struct beluga__body {
    beluga_json_writer *writer;
    struct beluga__body *outer; /* that an object is inside of, or NULL */
    beluga_json_doc *doc;       /* of extra_body, owned; NULL: none */
    const beluga_json *extra;   /* its root, or the member of an object inside */
    const char *object;         /* the name of an object inside, until its first member begins it */
    bool closed;                /* an object that extra_body has something else instead of */
    const char *merged[BELUGA__BODY_OBJECTS]; /* objects inside that were merged already */
    size_t n_merged;
} beluga__body;

/* Begin the body's object. Returns 0, or INVALID_INPUT when extra_body is not a JSON object; then
 * the body must not be used. */
int beluga__body_begin(beluga__body *body, const beluga_call *call, beluga_http_request *request,
                       beluga_error *err);
/* Write the extra members, end the object, free. Returns 0 or NO_MEMORY. */
int beluga__body_end(beluga__body *body, beluga_error *err);
/* Whether the provider should write its own field `name`; what is true begins an object inside. */
bool beluga__body_wants(beluga__body *body, const char *name);

/* The object `name` inside the body, static, merged with that of extra_body, whatever its depth. It
 * is left out when nothing is in it; nothing else may be written to the body before its end. */
void beluga__body_begin_object(beluga__body *body, const char *name, beluga__body *object);
/* Returns 0 or NO_MEMORY. */
int beluga__body_end_object(beluga__body *object);

/* Write an option as a field, when it is set and wanted. */
void beluga__body_put_double(beluga__body *body, const char *name, const beluga_call *call,
                             int key);
void beluga__body_put_int(beluga__body *body, const char *name, const beluga_call *call, int key);
void beluga__body_put_bool(beluga__body *body, const char *name, const beluga_call *call, int key);
void beluga__body_put_string(beluga__body *body, const char *name, const beluga_call *call,
                             int key);
/* A list as an array of strings. */
void beluga__body_put_list(beluga__body *body, const char *name, const beluga_call *call, int key);

/* The stop sequences, without those of white space alone, which Anthropic's models refuse. */
void beluga__body_put_stops(beluga__body *body, const char *name, const beluga_call *call,
                            beluga_http_request *request);

/* Warn, once, when a message has a cache mark: for protocols that have no place for it. */
void beluga__warn_cache_marks(const beluga_call *call, beluga_http_request *request);

/* The cache marks of a call's messages, for APIs that take only a few. */
enum { BELUGA__CACHE_MARKS = 4 };
typedef struct beluga__marks {
    size_t all, written; /* how many there are, and were met so far */
    bool warned;
} beluga__marks;
beluga__marks beluga__count_marks(const beluga_call *call);
/* Whether the next of them is sent; warns of the first that is not. */
bool beluga__keep_mark(beluga__marks *marks, beluga_http_request *request);

/* Returns the base64 inside "data:TYPE;base64,…" and copies the type, or NULL for another URL. A
 * type that does not fit is cut off, since nobody knows it. */
const char *beluga__data_url(const char *url, char *media_type, size_t size);
/* The kind that a media type makes a part: IMAGE, AUDIO or FILE. */
beluga_part_kind beluga__kind_of_media(const char *media_type);
/* Emit what is at a URL, the bytes of a data: URL in base64. `kind` 0: the media type tells. */
int beluga__emit_url(beluga_emit *emit, int kind, const char *media_type, const char *url);
/* Returns the name of the tool that call `id` called, looking back from message `before`, for
 * protocols whose results name it; NULL when no such call was made. */
const char *beluga__tool_name_of(const beluga_call *call, const char *id, size_t before);

/* Write the texts of a message's parts of one kind as one string, "" when there are none. Returns 0
 * or NO_MEMORY. */
int beluga__put_joined(beluga_json_writer *w, const char *key, const beluga_message *message,
                       uint32_t kind, const char *separator);

/* What is warned of where one was wrapped. */
#define BELUGA__WRAPPED                                                                         \
    "a tool call's arguments that are not a JSON object are sent as the text \"arguments\" in " \
    "one"

/* Write a tool call's arguments as an object, for protocols that take nothing else. Models write
 * other things, and what they wrote must not make a conversation impossible to go on with: it is
 * wrapped as the text "arguments" then, and `wrapped` is set. Returns 0 or NO_MEMORY. */
int beluga__put_arguments(beluga_json_writer *w, const char *key, const beluga_part *part,
                          bool *wrapped);

/* The same as a string, for protocols that have the object's JSON in one: servers read it, too, and
 * refuse what is none. */
int beluga__put_arguments_text(beluga_json_writer *w, const char *key, const beluga_part *part,
                               bool *wrapped);

/* Emit a JSON value of an answer as state (beluga_emit_state); with a key, as the object of that
 * one member. */
int beluga__emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *key,
                       const beluga_json *value);
/* Write the state that a part has for this call's provider as a value; false: it has none. */
bool beluga__put_state(beluga_json_writer *w, const beluga_call *call, const beluga_part *part);
/* Write the members of such state, an object, into the object that is open. Returns 0 or NO_MEMORY.
 */
int beluga__put_state_members(beluga_json_writer *w, const beluga_call *call,
                              const beluga_part *part);

/* Returns the name that most protocols have for who speaks. */
const char *beluga__role_name(beluga_role role);
/* Send the key as a bearer token. Returns 0, or AUTHENTICATION for one that is too long. */
int beluga__set_bearer(beluga_http_request *request, const char *key, beluga_error *err);

/* Send the key in a header of the provider's own, or as a bearer token where it is one; the
 * provider's own BOOL option `option` overrules that. Returns as beluga__set_bearer does. */
int beluga__set_key(beluga_http_request *request, const beluga_credential *credential,
                    const char *header, const char *option, bool is_token, beluga_error *err);

/* Set the path of the URL. People also copy as base URL what ends in the whole address of an
 * endpoint, or in its version: what of `endpoints`, ended by NULL, the base URL has already is not
 * said twice, and not kept before another path. */
void beluga__set_path(beluga_http_request *request, const char *const *endpoints, const char *path);

/* Returns the message that the answer goes on with: the last, system messages aside, when it is the
 * model's; or NULL. */
const beluga_message *beluga__last_of_model(const beluga_call *call);
/* Whether there is nothing but white space in a text, which some APIs refuse. */
bool beluga__is_blank(const char *text, size_t length);

/* Change an error's code, and its message to the code's; status, request id and wait stay. */
void beluga__error_refine(beluga_error *err, int code);

/* Returns the name of a beluga_reasoning_effort, or NULL. */
const char *beluga__reasoning_effort_name(int64_t effort);

#endif
