/* A request being written, and the pieces of it that several protocols write alike. */
#ifndef BELUGA__PROVIDERS_ENCODER_H
#define BELUGA__PROVIDERS_ENCODER_H

#include "providers/body.h"

/* The members of every encoder. The first fault in a message sticks in `status`, so that the
 * writing goes on to its end and no function on the way has to look. */
#define BELUGA__ENCODER_MEMBERS                  \
    const beluga_call *call;                     \
    beluga_http_request *request;                \
    beluga_error *err;                           \
    const char *name;      /* of the provider */ \
    beluga_json_writer *w; /* of the body */     \
    beluga__body body;                           \
    int status;                                  \
    uint32_t warned; /* a bit for each beluga__warning that was given */
typedef struct beluga__encoder {
    BELUGA__ENCODER_MEMBERS
} beluga__encoder;

/* A protocol that has to know more begins its own encoder with this: the members are its own, and
 * `base` is what the functions below take. */
#define BELUGA__ENCODER_BASE        \
    union {                         \
        beluga__encoder base;       \
        struct {                    \
            BELUGA__ENCODER_MEMBERS \
        };                          \
    }

/* Reasons for warnings that come once a request, however often they are met. FAILURE is that of a
 * tool, MARK one for the cache, and TTL how long such a mark holds. */
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

/* Fail, unless something failed before. */
void beluga__encoder_fail(beluga__encoder *e, int code, const char *what);
/* Warn, unless `warning` was warned of before. */
void beluga__encoder_warn_once(beluga__encoder *e, beluga__warning warning, const char *format, ...)
    BELUGA_PRINTF(3, 4);

/* Write "model". */
void beluga__put_model(beluga__encoder *e);
/* Write "stream": true when the call is streamed. */
void beluga__put_stream(beluga__encoder *e);

/* The form in which the caller wants the answer. */
typedef struct beluga__answer_form {
    const char *schema; /* JSON Schema, or NULL */
    size_t n_schema;
    bool is_json; /* there is a schema, or any JSON will do */
} beluga__answer_form;
beluga__answer_form beluga__answer_form_of(const beluga_call *call);
/* Whether the caller turned off that the answer is held to its schema. */
bool beluga__is_schema_loose(const beluga_call *call);

/* Warn of seed and penalties that are set, since `whose` API has none. */
void beluga__warn_of_numbers(beluga__encoder *e, const char *whose);

/* Warn of the options "user" and "response_schema_name", which `whose` API has no place for. */
void beluga__warn_of_names(beluga__encoder *e, const char *whose);

/* ---- tools ----------------------------------------------------------------------------------- */

/* Returns whether tools are bound, and sets `*choice` to tool_choice or NULL. Warns of a choice
 * where there are none. */
bool beluga__has_tools(beluga__encoder *e, const char **choice);
/* Write "tools", each by `put_tool`. */
void beluga__put_tools(beluga__encoder *e,
                       void (*put_tool)(beluga__encoder *e, const beluga_tool *tool));
/* Write "name", "description" where there is one, and the parameters' schema into an open object.
 */
void beluga__put_tool_members(beluga_json_writer *w, const beluga_tool *tool,
                              const char *schema_key);
/* Whether a tool_choice is none of "auto", "none" and "required", and so names a tool. */
bool beluga__names_a_tool(const char *choice);

/* ---- messages -------------------------------------------------------------------------------- */

bool beluga__is_image(const beluga_part *part);
bool beluga__is_media(const beluga_part *part);
bool beluga__has_part(const beluga_message *message, beluga_part_kind kind);
/* Returns the rest of a part's signature behind `mark` and its length, or NULL. Marks tell
 * signatures of one provider from those of the others. */
const char *beluga__signature_behind(const beluga_part *part, const char *mark, size_t *length);

/* Only the model reasons and calls tools: fail for such a part from another role. Returns whether
 * it is one. */
bool beluga__refuse_role(beluga__encoder *e, const beluga_part *part, beluga_role role);
/* Returns the id of the call that a tool's message answers; fails and returns "" without one. */
const char *beluga__answered_call(beluga__encoder *e, const beluga_message *message);
/* Warn that a tool failed, where `whose` API has no mark for it. */
void beluga__warn_of_tool_error(beluga__encoder *e, const beluga_message *message,
                                const char *whose);
/* Returns the name of the tool that call `id` called, looking back from message `before`, for
 * protocols whose results name it; NULL when no such call was made. */
const char *beluga__tool_name_of(const beluga_call *call, const char *id, size_t before);
/* Returns the last message, system messages aside, when it is the model's: the answer goes on with
 * it. Returns NULL for another. */
const beluga_message *beluga__last_of_model(const beluga_call *call);

/* Write the texts of a message's parts of one kind as one string, "" when there are none. */
void beluga__put_joined(beluga__encoder *e, const char *key, const beluga_message *message,
                        beluga_part_kind kind, const char *separator);

/* Write a tool call's arguments as an object, for protocols that take nothing else. Models write
 * other things, and a conversation must be able to go on after that: such arguments are wrapped as
 * the text "arguments" of an object, and `wrapped` is set. Returns 0 or NO_MEMORY. */
int beluga__put_object_arguments(beluga_json_writer *w, const char *key, const beluga_part *part,
                                 bool *wrapped);
/* The same; fails without memory, and warns of what is wrapped. */
void beluga__put_arguments(beluga__encoder *e, const char *key, const beluga_part *part);
/* The same as a string, for protocols that have the object's JSON in one: servers read it, too, and
 * refuse a string that has none. */
void beluga__put_arguments_text(beluga__encoder *e, const char *key, const beluga_part *part);

/* Write the state that a part has for this call's provider as a value. Returns whether it has any.
 */
bool beluga__put_state(const beluga__encoder *e, const beluga_part *part);
/* Write the members of such state, an object, into the object that is open. */
void beluga__put_state_members(beluga__encoder *e, const beluga_part *part);
/* Write all members of an object of `doc` into the object that is open, but the one that is named
 * `without`; NULL: all. Returns 0 or NO_MEMORY. */
int beluga__put_members(beluga_json_writer *w, beluga_json_doc *doc, const beluga_json *object,
                        const char *without);

/* ---- marks for the cache --------------------------------------------------------------------- */

/* Warn, once, when a message has a mark, for protocols that have no place for it. */
void beluga__warn_cache_marks(const beluga_call *call, beluga_http_request *request);
/* Write "ttl" into the object of a mark that says how long it holds. */
void beluga__put_cache_ttl(beluga_json_writer *w, const beluga_part *part);

/* The marks of a call's messages, for APIs that take only a few. */
enum { BELUGA__CACHE_MARKS = 4 };
typedef struct beluga__marks {
    size_t all, written; /* how many there are, and how many were met so far */
    bool warned;
} beluga__marks;
beluga__marks beluga__count_marks(const beluga_call *call);
/* Returns whether the next mark is sent; warns of the first that is not. */
bool beluga__keep_mark(beluga__marks *marks, beluga_http_request *request);

#endif
