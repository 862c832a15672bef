/* A builder folds events into a response. The builder can be a member of another struct. A response
 * is one block of memory in which ids, names, small tool calls and a short text fit. So most
 * answers need one allocation, and those with a longer text need two. */
#ifndef BELUGA__RESPONSE_H
#define BELUGA__RESPONSE_H

#include "base/arena.h"
#include "base/runtime.h"

#include <beluga/allocator.h>
#include <beluga/embedding.h>
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
    bool ended; /* all arguments of the call have arrived */
} beluga__call_piece;

/* A text that is joined from pieces. Its memory may lie in the response's block. */
typedef struct beluga__joined {
    char *data;          /* ends in NUL; NULL: there is no text */
    size_t length, room; /* in bytes; `room` includes the NUL */
    bool owned;          /* `data` has its own allocation, outside of the response's block */
} beluga__joined;

/* A piece is one part of an answer. Pieces are linked in the order in which they arrived. */
typedef struct beluga__piece {
    struct beluga__piece *next;
    uint32_t kind; /* BELUGA_EVENT_TEXT, _REASONING, _TOOL_CALL_BEGIN, _MEDIA or _STATE */
    uint32_t index;
    size_t start, length;  /* where the piece lies in the response's text or reasoning */
    const char *signature; /* signature of reasoning, or NULL */
    size_t signature_length;
    beluga__call_piece *call; /* set for a tool call */
    union {
        const beluga_part *media;
        const beluga__state *state; /* for all kinds but media: the piece's state, or NULL */
    } u;
} beluga__piece;

struct beluga_response {
    /* a copy of the allocator, since a response may outlive its client */
    beluga_allocator allocator;
    beluga__runtime *runtime; /* a reference if the allocator is the client's own; else NULL */
    beluga__arena arena;
    beluga__joined text, reasoning;
    beluga__piece *pieces;
    beluga_tool_call *calls;
    beluga__media_piece *media;                     /* media in the order of their arrival */
    const char *id, *model, *provider, *request_id; /* NULL: unknown */
    int64_t created;
    beluga_usage usage;
    beluga_rate_limits *rate_limits; /* NULL: unknown */
    beluga_embeddings *embeddings;   /* owned; NULL: the answer has no vectors */
    const char *raw_reason;
    const char **warnings;
    uint32_t n_calls, n_warnings;
    int64_t duration_ns, first_content_ns;
    uint32_t attempts;
    uint8_t reason;
    bool complete, cached;
    _Alignas(16) char room[]; /* memory with which the arena begins */
};

/* Sizes of a response's block in bytes. The ids and names of most HTTP answers fit into the larger
 * size. malloc is fastest for blocks of at most 1 KiB. */
enum { BELUGA__RESPONSE_BYTES = 1024, BELUGA__SMALL_RESPONSE_BYTES = 544 };

struct beluga_response_builder {
    beluga__runtime *runtime; /* NULL: memory comes from the default allocator */
    const beluga_allocator *allocator;
    size_t block_bytes;        /* size of the response's block; BELUGA__RESPONSE_BYTES unless set */
    beluga_response *response; /* NULL until the first event */
    beluga__piece *last;
    beluga__call_piece *calls, *last_call; /* also tool calls that have not ended */
    size_t n_calls;
    beluga__media_piece *last_media;
    char *usage_raw; /* memory for usage.raw, reused for each event USAGE */
    size_t usage_room;
    size_t total, max;                     /* bytes that are stored so far, and their limit */
    int status;                            /* the first failure */
    int failure;                           /* error code of the ERROR event */
    int64_t duration_ns, first_content_ns; /* -1: unknown */
    bool ended;
};

/* Initialize a builder. Its memory comes from `runtime`, which is borrowed until
 * beluga__response_builder_clear, or from the default allocator if `runtime` is NULL. If max_bytes
 * is 0, the limit is BELUGA__MAX_RESPONSE_BYTES. */
void beluga__response_builder_init(beluga_response_builder *b, beluga__runtime *runtime,
                                   size_t max_bytes);
void beluga__response_builder_clear(beluga_response_builder *b);

/* Set the times of a response; -1 means unknown. */
void beluga__response_set_times(beluga_response *response, int64_t duration_ns,
                                int64_t first_content_ns);
/* Set the counts of the usage; its raw JSON stays unchanged. */
void beluga__response_set_usage(beluga_response *response, const beluga_usage *usage);
void beluga__response_set_complete(beluga_response *response, bool complete);

#endif
