/* A builder folds events into a response. It can be part of another struct. A response's block has
 * room for ids, names, small tool calls and a short text, so that most answers take one allocation,
 * and a longer text takes one more. */
#ifndef BELUGA__RESPONSE_H
#define BELUGA__RESPONSE_H

#include "base/arena.h"
#include "base/runtime.h"

#include <beluga/allocator.h>
#include <beluga/message.h>
#include <beluga/response.h>

typedef struct beluga__media_piece {
    struct beluga__media_piece *next;
    beluga_part part;
} beluga__media_piece;

typedef struct beluga__state {
    const char *provider, *json;
    size_t length;
} beluga__state;

typedef struct beluga__call_piece {
    struct beluga__call_piece *next;
    beluga_tool_call call;
    uint32_t index;
    bool ended; /* the call has all its arguments */
} beluga__call_piece;

/* A text that is joined from pieces. The first one may lie in the response's block. */
typedef struct beluga__joined {
    char *data;          /* ends in NUL; NULL: there is no text */
    size_t length, room; /* bytes; of the room, one is for the NUL */
    bool owned;          /* the data is a block of its own */
} beluga__joined;

/* Pieces are the parts of an answer in the order in which they came. */
typedef struct beluga__piece {
    struct beluga__piece *next;
    uint32_t kind; /* BELUGA_EVENT_TEXT, _REASONING, _TOOL_CALL_BEGIN, _MEDIA or _STATE */
    uint32_t index;
    size_t start, length;  /* place in the response's text or reasoning */
    const char *signature; /* for reasoning, or NULL */
    size_t signature_length;
    beluga__call_piece *call; /* for a tool call */
    union {
        const beluga_part *media;
        const beluga__state *state; /* state of the other kinds, or NULL */
    } u;
} beluga__piece;

struct beluga_response {
    beluga_allocator allocator; /* a copy, since a response may outlive its client */
    beluga__runtime *runtime;   /* a reference where the allocator is the client's; else NULL */
    beluga__arena arena;
    beluga__joined text, reasoning;
    beluga__piece *pieces;
    beluga_tool_call *calls;
    beluga__media_piece *media;                     /* in the order in which they came */
    const char *id, *model, *provider, *request_id; /* NULL: unknown */
    int64_t created;
    beluga_usage usage;
    beluga_rate_limits *rate_limits; /* NULL: unknown */
    const char *raw_reason;
    const char **warnings;
    uint32_t n_calls, n_warnings;
    int64_t duration_ns, first_content_ns;
    uint32_t attempts;
    uint8_t reason;
    bool complete, cached;
    _Alignas(16) char room[]; /* the arena's first memory */
};

/* Bytes of a response's block. The ids and names of most answers over HTTP fit into the larger one,
 * and malloc is at its best up to a KiB. */
enum { BELUGA__RESPONSE_BYTES = 1024, BELUGA__SMALL_RESPONSE_BYTES = 544 };

struct beluga_response_builder {
    beluga__runtime *runtime; /* NULL: the memory is not from a client */
    const beluga_allocator *allocator;
    size_t block_bytes;        /* of the response, BELUGA__RESPONSE_BYTES unless set */
    beluga_response *response; /* NULL until the first event */
    beluga__piece *last;
    beluga__call_piece *calls, *last_call; /* includes calls that did not end */
    size_t n_calls;
    beluga__media_piece *last_media;
    char *usage_raw; /* memory for usage.raw, which is reused */
    size_t usage_room;
    size_t total, max;                     /* bytes that are kept */
    int status;                            /* the first failure */
    int failure;                           /* code of the ERROR event */
    int64_t duration_ns, first_content_ns; /* -1: unknown */
    bool ended;
};

/* Begin a builder that takes its memory from a runtime, which is borrowed until _clear; NULL: from
 * the process. max_bytes 0 means BELUGA__MAX_RESPONSE_BYTES. */
void beluga__response_builder_init(beluga_response_builder *b, beluga__runtime *runtime,
                                   size_t max_bytes);
void beluga__response_builder_clear(beluga_response_builder *b);

/* Set the times of a response; -1 means unknown. */
void beluga__response_set_times(beluga_response *response, int64_t duration_ns,
                                int64_t first_content_ns);
/* Set the numbers of the usage; its raw JSON stays unchanged. */
void beluga__response_set_usage(beluga_response *response, const beluga_usage *usage);
void beluga__response_set_complete(beluga_response *response, bool complete);

#endif
