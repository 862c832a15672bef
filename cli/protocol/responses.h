/* The parts of the protocol Responses: one body is read, and one kind of object is written, whole
 * and in a stream. */
#ifndef BELUGA_CLI_PROTOCOL_RESPONSES_H
#define BELUGA_CLI_PROTOCOL_RESPONSES_H

#include "protocol/protocol.h"

/* The beginning of `encrypted_content` that we wrote; the signature follows as the library has it.
 * OpenAI's own has no colon. */
#define RESPONSES_SIGNED "beluga:"
/* The beginning of what stands where a signature does, when an item carries the state of the part
 * before it, or one that stands between the parts: "state:OF:PROVIDER:JSON". */
#define RESPONSES_STATE "state:"

typedef enum responses_kind {
    RESPONSES_MESSAGE,
    RESPONSES_REASONING,
    RESPONSES_FUNCTION_CALL,
    RESPONSES_CUSTOM_CALL, /* of a tool whose input is a plain text */
    RESPONSES_IMAGE
} responses_kind;

/* An item of `output`. All is borrowed. */
typedef struct responses_item {
    responses_kind kind;
    size_t index;     /* in `output` */
    bool open;        /* its content is yet to come */
    bool cut;         /* the answer ended inside it */
    const char *text; /* of the message; summary; arguments; input; the bytes of the image */
    size_t length;
    const char *signature; /* of reasoning */
    size_t signature_length;
    const char *id, *name; /* of a call, as the model gave them */
} responses_item;

/* How an answer stands, or ended. */
typedef struct responses_outcome {
    const char *status;        /* "in_progress", "completed", … */
    const char *incomplete;    /* the reason, or NULL */
    const beluga_usage *usage; /* NULL: not known yet */
    const beluga_error *error; /* NULL: none */
    bool echo;                 /* repeat the large members of the request, too */
} responses_outcome;

/* ---- responses_request.c --------------------------------------------------------------------- */

int protocol_responses_read(protocol_request *request);
bool protocol_responses_passes(const protocol_request *request);

/* ---- responses_object.c ---------------------------------------------------------------------- */

/* Items of an answer are called by a prefix of their kind, the answer's own id, and their place in
 * the output, so that nobody keeps these ids. */
const char *protocol_responses_id_prefix(responses_kind kind);
const char *protocol_responses_own_id(const protocol_identity *identity);
void protocol_responses_put_item_id(beluga_json_writer *w, const char *key,
                                    const protocol_identity *identity, const responses_item *item);
void protocol_responses_put_item(beluga_json_writer *w, const char *key,
                                 const protocol_request *request, const protocol_identity *identity,
                                 const responses_item *item);
/* Write the part of content that a message has. */
void protocol_responses_put_text_part(beluga_json_writer *w, const char *key, const char *text,
                                      size_t length);
void protocol_responses_put_summary_part(beluga_json_writer *w, const char *key, const char *text,
                                         size_t length);
/* Write the members of a Response, all but `output`. */
void protocol_responses_put_members(beluga_json_writer *w, const protocol_request *request,
                                    const protocol_identity *identity,
                                    const responses_outcome *outcome);
/* Fill the outcome's status by the reason for which a model stopped. `raw` is the provider's word,
 * which lasts as long as the outcome; it need not be there. */
void protocol_responses_outcome_of(responses_outcome *outcome, uint32_t reason, const char *raw);
/* Append the state of a part of that kind (beluga_part_kind) in the form of a signature, or nothing
 * for kinds without such a form. Returns the buffer's status. */
int protocol_responses_put_state(beluga__buf *out, uint32_t of, const char *provider,
                                 const char *json, size_t length);
/* Return the kind of part that a state in that form is of, and find its rest; 0: it is no state. */
uint32_t protocol_responses_read_state(const char *signature, const char **rest);
/* Find the kind of the call of a tool that the model named. */
responses_kind protocol_responses_call_kind(const protocol_request *request, const char *name);
/* Find the input of a custom tool in the arguments by which the model called it. Returns 0 with the
 * document that holds it, or NULL where the arguments themselves are the input; NO_MEMORY. */
int protocol_responses_custom_input(const char **input, size_t *length, beluga_json_doc **doc);

/* ---- responses_answer.c, responses_stream.c -------------------------------------------------- */

void protocol_responses_answer(beluga_json_writer *w, const protocol_request *request,
                               const protocol_identity *identity, const beluga_response *response);

/* A text in the memory of all texts. */
typedef struct responses_text {
    size_t at, length;
} responses_text;

/* An item of a stream, as the end repeats it. */
typedef struct responses_kept {
    uint8_t kind;     /* responses_kind */
    bool begun, done; /* that was written */
    bool ended, cut;  /* nothing more comes; the answer ends inside it */
    bool pieces;      /* a piece of its content was written */
    bool late;        /* a piece came before its turn, and was not kept */
    uint32_t index;   /* of the events that make it */
    responses_text text, signature;
    size_t id, name; /* places of a call's, which end in NUL */
} responses_kept;

typedef struct responses_stream {
    protocol_stream base;
    int64_t sequence;
    beluga__buf texts;
    beluga__buf items;      /* an array of responses_kept */
    beluga__buf head;       /* what pieces of the open item have before their texts */
    size_t head_number;     /* the place in it for the number of the event */
    size_t n_items, n_done; /* they are done in their order */
    bool has_usage;
    beluga_usage usage;
    char *model; /* owned; the one that answers, where the identity names none */
} responses_stream;

int protocol_responses_event(protocol_stream *stream, const beluga_event *event);
int protocol_responses_fail(protocol_stream *stream, const beluga_error *error);
void protocol_responses_release(protocol_stream *stream);

#endif
