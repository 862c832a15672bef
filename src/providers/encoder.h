/* The state of writing a request, and functions for the parts of requests that are the same in
 * several protocols. */
#ifndef BELUGA__PROVIDERS_ENCODER_H
#define BELUGA__PROVIDERS_ENCODER_H

#include "providers/body.h"

/* The members of every encoder. `status` keeps the first failure. After a failure the functions
 * continue to write, and beluga__encoder_end returns the failure. */
#define BELUGA__ENCODER_MEMBERS                       \
    const beluga_call *call;                          \
    beluga_http_request *request;                     \
    beluga_error *err;                                \
    const char *name;      /* name of the provider */ \
    beluga_json_writer *w; /* writer of the body */   \
    beluga__body body;                                \
    int status;                                       \
    uint32_t warned; /* a bit for each beluga__warning that has been given */
typedef struct beluga__encoder {
    BELUGA__ENCODER_MEMBERS
} beluga__encoder;

/* A protocol that needs more members begins its own encoder with this macro. The members become
 * members of its own encoder, and `base` is passed to the functions below. */
#define BELUGA__ENCODER_BASE        \
    union {                         \
        beluga__encoder base;       \
        struct {                    \
            BELUGA__ENCODER_MEMBERS \
        };                          \
    }

/* Reasons for warnings that are given once for each request. FAILURE is a failed tool, MARK a cache
 * mark, and TTL the lifetime of a cache mark. */
typedef enum beluga__warning {
    BELUGA__LOST_REASONING,
    BELUGA__LOST_FAILURE,
    BELUGA__LOST_MEDIA,
    BELUGA__LOST_IMAGE,
    BELUGA__LOST_AUDIO,
    BELUGA__LOST_FILE,
    BELUGA__LOST_URL,
    BELUGA__LOST_MARK,
    BELUGA__LOST_TTL,
    BELUGA__LOST_STRICTNESS,
    BELUGA__LOST_MESSAGE,
    BELUGA__LOST_BLANK_TEXT,
    BELUGA__CUT_TEXT,
    BELUGA__MOVED_MEDIA,
    BELUGA__MOVED_SYSTEM,
    BELUGA__WRAPPED_ARGUMENTS
} beluga__warning;

/* ---- the request ----------------------------------------------------------------------------- */

/* Begin the body. Returns 0 or a code, as beluga__body_begin does. */
int beluga__encoder_begin(beluga__encoder *e, const beluga_call *call, beluga_http_request *request,
                          beluga_error *err);
/* End the body. Returns 0, or the code of the first fault. */
int beluga__encoder_end(beluga__encoder *e);
/* End an object that beluga__body_begin_object began. */
void beluga__encoder_end_object(beluga__encoder *e, beluga__body *object);

/* Let the request fail, unless it has failed already. */
void beluga__encoder_fail(beluga__encoder *e, int code, const char *what);
/* Give this warning, unless the request has it already. If the option strict_media is set, a
 * warning about media that is left out makes the request fail instead. */
void beluga__encoder_warn_once(beluga__encoder *e, beluga__warning warning, const char *format, ...)
    BELUGA_PRINTF(3, 4);

/* Write "model". */
void beluga__put_model(beluga__encoder *e);
/* Write "stream": true if the call is streamed. */
void beluga__put_stream(beluga__encoder *e);

/* The form in which the caller wants the answer. */
typedef struct beluga__answer_form {
    const char *schema; /* JSON Schema, or NULL */
    size_t n_schema;
    bool is_json; /* the caller gave a schema, or wants any JSON */
} beluga__answer_form;
beluga__answer_form beluga__answer_form_of(const beluga_call *call);
/* Returns whether the caller turned off the option that makes the model keep to the schema. */
bool beluga__is_schema_loose(const beluga_call *call);

/* Rows of a table of options, for an API that has no seed and no penalties. */
#define BELUGA__NO_SEED_NO_PENALTIES                                       \
    {.key = BELUGA_OPTION_SEED}, {.key = BELUGA_OPTION_FREQUENCY_PENALTY}, \
    {                                                                      \
        .key = BELUGA_OPTION_PRESENCE_PENALTY                              \
    }

/* ---- tools ----------------------------------------------------------------------------------- */

/* Returns whether tools are bound, and sets `*choice` to tool_choice or NULL. Warns if there is a
 * choice, but no tools. */
bool beluga__has_tools(beluga__encoder *e, const char **choice);
/* Write "tools", with `put_tool` for each tool. */
void beluga__put_tools(beluga__encoder *e,
                       void (*put_tool)(beluga__encoder *e, const beluga_tool *tool));
/* Write "name", "description" if there is one, and the schema of the parameters into an open
 * object. */
void beluga__put_tool_members(beluga_json_writer *w, const beluga_tool *tool,
                              const char *schema_key);
/* Returns whether a tool_choice is the name of a tool, and not "auto", "none" or "required". */
bool beluga__names_a_tool(const char *choice);

/* ---- messages -------------------------------------------------------------------------------- */

bool beluga__is_image(const beluga_part *part);
bool beluga__is_media(const beluga_part *part);
bool beluga__has_part(const beluga_message *message, beluga_part_kind kind);
/* Returns the rest of a part's signature after `mark`, and its length; NULL if the signature does
 * not begin with `mark`. Marks distinguish the signatures of providers. */
const char *beluga__signature_behind(const beluga_part *part, const char *mark, size_t *length);

/* Let the request fail if a part with reasoning or a tool call is in a message that the model did
 * not write. Returns whether this was so. */
bool beluga__refuse_role(beluga__encoder *e, const beluga_part *part, beluga_role role);
/* Returns the id of the tool call that a tool's message answers. If the message has no id, the
 * request fails and "" is returned. */
const char *beluga__answered_call(beluga__encoder *e, const beluga_message *message);
/* If a tool has failed, warn that the API of `whose` can't mark its result as failed. */
void beluga__warn_of_tool_error(beluga__encoder *e, const beluga_message *message,
                                const char *whose);
/* Returns the name of the tool that the tool call `id` called, for protocols whose results contain
 * the name. Searches backwards from message `before`. Returns NULL if no message contains it. */
const char *beluga__tool_name_of(const beluga_call *call, const char *id, size_t before);
/* Returns the last message, not counting system messages, if the model wrote it, so that the answer
 * continues it. Otherwise returns NULL. */
const beluga_message *beluga__last_of_model(const beluga_call *call);

/* Write the texts of a message's parts of one kind as one string, which is "" if there are no such
 * parts. */
void beluga__put_joined(beluga__encoder *e, const char *key, const beluga_message *message,
                        beluga_part_kind kind, const char *separator);

/* Write a tool call's arguments as an object, for protocols that accept only objects. A model may
 * also have written arguments that are not an object. So that the conversation can continue, these
 * are wrapped in an object, as the string "arguments", and `*wrapped` is set. Returns 0 or
 * NO_MEMORY. */
int beluga__put_object_arguments(beluga_json_writer *w, const char *key, const beluga_part *part,
                                 bool *wrapped);
/* Write the arguments as an object. Warns about wrapped arguments; if memory is exhausted, the
 * request fails. */
void beluga__put_arguments(beluga__encoder *e, const char *key, const beluga_part *part);
/* Write the arguments as a string that contains an object, for protocols with this form. Servers
 * parse the string, and refuse it if it is not an object. */
void beluga__put_arguments_text(beluga__encoder *e, const char *key, const beluga_part *part);

/* Write the state that a part has for this call's provider as a JSON value. Returns whether the
 * part has such a state. */
bool beluga__put_state(const beluga__encoder *e, const beluga_part *part);
/* Like beluga__put_state, but write the members of the state, which is an object, into the open
 * object. */
void beluga__put_state_members(beluga__encoder *e, const beluga_part *part);
/* Write the members of an object of `doc` into the open object, except the member named `without`
 * (may be NULL). Returns 0 or NO_MEMORY. */
int beluga__put_members(beluga_json_writer *w, beluga_json_doc *doc, const beluga_json *object,
                        const char *without);

/* ---- marks for the cache --------------------------------------------------------------------- */

/* Warn once if a message has a cache mark, for protocols without such marks. */
void beluga__warn_cache_marks(const beluga_call *call, beluga_http_request *request);
/* Write "ttl" into the object of a mark that has a lifetime. */
void beluga__put_cache_ttl(beluga_json_writer *w, const beluga_part *part);

/* Counts the cache marks of a call's messages, for APIs that accept at most four. */
enum { BELUGA__CACHE_MARKS = 4 };
typedef struct beluga__marks {
    size_t all, written; /* number of all marks, and of the marks that were processed so far */
    bool warned;
} beluga__marks;
beluga__marks beluga__count_marks(const beluga_call *call);
/* Returns whether the next mark is sent. Warns about the first mark that is not sent. */
bool beluga__keep_mark(beluga__marks *marks, beluga_http_request *request);

#endif
