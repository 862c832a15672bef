/* OpenAI's protocol Responses (protocol_responses): declarations that its files share. An answer is
 * the same object whether it is written whole or at the end of a stream. */
#ifndef BELUGA_CLI_PROTOCOL_RESPONSES_H
#define BELUGA_CLI_PROTOCOL_RESPONSES_H

#include "protocol/protocol.h"

/* Prefix of an `encrypted_content` that this program has written; the library's signature follows.
 * OpenAI's own values contain no colon. */
#define RESPONSES_SIGNED "beluga:"
/* A part of an answer may have a state (beluga_part.state), which its provider needs back.
 * Responses has no member for it, so the client gets it as the signature of a reasoning item of its
 * own: "state:OF:PROVIDER:JSON". OF is the kind of part before it to which the state belongs, or
 * shows that the state is a part of its own. */
#define RESPONSES_STATE "state:"

typedef enum responses_kind {
    RESPONSES_MESSAGE,
    RESPONSES_REASONING,
    RESPONSES_FUNCTION_CALL,
    RESPONSES_CUSTOM_CALL, /* call of a tool whose input is plain text */
    RESPONSES_IMAGE
} responses_kind;

/* An item of `output`. All pointers are borrowed. */
typedef struct responses_item {
    responses_kind kind;
    size_t index;     /* index in `output` */
    bool open;        /* the content is not known yet */
    bool cut;         /* the answer ended inside this item */
    const char *text; /* text of a message, summary, arguments or input; for an image, its bytes */
    size_t length;
    const char *signature; /* for reasoning */
    size_t signature_length;
    const char *id, *name; /* for a call, as the model gave them */
} responses_item;

/* The state of an answer, or how it ended. */
typedef struct responses_outcome {
    const char *status;        /* "in_progress", "completed", … */
    const char *incomplete;    /* why the answer is incomplete; NULL: it is not */
    const beluga_usage *usage; /* NULL: not known yet */
    const beluga_error *error; /* NULL: none */
    bool echo;                 /* also repeat the large members of the request */
} responses_outcome;

/* ---- responses_request.c --------------------------------------------------------------------- */

int protocol_responses_read(protocol_request *request);
bool protocol_responses_passes(const protocol_request *request);

/* ---- responses_object.c ---------------------------------------------------------------------- */

/* Return the prefix of the ids of items of this kind. The id of an item consists of the prefix, the
 * answer's id, and the item's index in the output, so ids need not be stored. */
const char *protocol_responses_id_prefix(responses_kind kind);
const char *protocol_responses_own_id(const protocol_identity *identity);
void protocol_responses_put_item_id(beluga_json_writer *w, const char *key,
                                    const protocol_identity *identity, const responses_item *item);
void protocol_responses_put_item(beluga_json_writer *w, const char *key,
                                 const protocol_request *request, const protocol_identity *identity,
                                 const responses_item *item);
/* Write the content part of a message. */
void protocol_responses_put_text_part(beluga_json_writer *w, const char *key, const char *text,
                                      size_t length);
void protocol_responses_put_summary_part(beluga_json_writer *w, const char *key, const char *text,
                                         size_t length);
/* Write the members of a Response, except `output`. */
void protocol_responses_put_members(beluga_json_writer *w, const protocol_request *request,
                                    const protocol_identity *identity,
                                    const responses_outcome *outcome);
/* Set the status of an outcome from the reason for which the model stopped. `raw` is the provider's
 * own word, which must live as long as the outcome; it may be NULL. */
void protocol_responses_outcome_of(responses_outcome *outcome, uint32_t reason, const char *raw);
/* Append the state of a part of this kind (beluga_part_kind) in the form of a signature; nothing
 * for kinds without such a form. Returns the buffer's status. */
int protocol_responses_put_state(beluga__buf *out, uint32_t of, const char *provider,
                                 const char *json, size_t length);
/* Read a signature that may contain a state. @return the kind of part (beluga_part_kind) to which
 * the state belongs, and in `rest` the text after the prefix; 0: it is not a state. */
uint32_t protocol_responses_read_state(const char *signature, const char **rest);
/* Find the kind of a tool call by the name that the model used. */
responses_kind protocol_responses_call_kind(const protocol_request *request, const char *name);
/* Find the input of a custom tool in the arguments of the model's call. Returns 0 with the document
 * that contains it (NULL: the arguments themselves are the input), or NO_MEMORY. */
int protocol_responses_custom_input(const char **input, size_t *length, beluga_json_doc **doc);

/* ---- responses_answer.c, responses_stream.c -------------------------------------------------- */

void protocol_responses_answer(beluga_json_writer *w, const protocol_request *request,
                               const protocol_identity *identity, const beluga_response *response);

/* A text, by its place in the buffer that contains all texts. */
typedef struct responses_text {
    size_t at, length;
} responses_text;

/* An item of a stream. It is kept, since the end of the stream repeats all items. */
typedef struct responses_kept {
    uint8_t kind;     /* responses_kind */
    bool begun, done; /* the events for the beginning and the end of the item were written */
    bool ended, cut;  /* ended: no more content comes; cut: the answer ended inside it */
    bool pieces;      /* a piece of its content was written */
    bool late;        /* a piece arrived before the item could be written, and was not kept */
    uint32_t index;   /* index of the item's events */
    responses_text text, signature;
    size_t id, name; /* offsets of a call's id and name, which end in NUL */
} responses_kept;

typedef struct responses_stream {
    protocol_stream base;
    int64_t sequence;
    beluga__buf texts;
    beluga__buf items;  /* an array of responses_kept */
    beluga__buf head;   /* the bytes with which all pieces of the open item begin */
    size_t head_number; /* offset in `head` of the event's number */
    /* the first n_done items are complete; items are completed in their order */
    size_t n_items, n_done;
    bool has_usage;
    beluga_usage usage;
    char *model; /* owned; the answering model, if the identity names none */
} responses_stream;

int protocol_responses_event(protocol_stream *stream, const beluga_event *event);
int protocol_responses_fail(protocol_stream *stream, const beluga_error *error);
void protocol_responses_release(protocol_stream *stream);

#endif
