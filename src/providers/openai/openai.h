/* The protocol "Chat Completions", which OpenAI defined and many hosts speak. */
#ifndef BELUGA__PROVIDERS_OPENAI_H
#define BELUGA__PROVIDERS_OPENAI_H

#include "providers/calls.h"
#include "providers/common.h"
#include "providers/decode.h"
#include "providers/fault.h"
#include "providers/words.h"

/* Both protocols of OpenAI's share the account. */
#define BELUGA__OPENAI_KEY_VARIABLES BELUGA__TEXTS("OPENAI_API_KEY")
#define BELUGA__OPENAI_URL_VARIABLES BELUGA__TEXTS("OPENAI_BASE_URL", "OPENAI_API_BASE")
#define BELUGA__OPENAI_ACCOUNT_OPTIONS(provider)                                         \
    BELUGA__OWN_HEAD(provider ".organization", "organization to bill", "OPENAI_ORG_ID"), \
        BELUGA__OWN_HEAD(provider ".project", "project to bill", "OPENAI_PROJECT_ID")

/* What a host does otherwise than the protocol says. */
enum beluga__openai_quirk {
    BELUGA__OPENAI_TOP_K = 1 << 0,             /* takes "top_k" */
    BELUGA__OPENAI_NO_TOOLS = 1 << 1,          /* takes no tools */
    BELUGA__OPENAI_NO_STOP = 1 << 2,           /* takes no stop sequences */
    BELUGA__OPENAI_NO_SEED = 1 << 3,           /* takes no seed */
    BELUGA__OPENAI_NO_USER = 1 << 4,           /* refuses "user" */
    BELUGA__OPENAI_NO_STREAM_OPTIONS = 1 << 5, /* refuses them, and sends the usage anyway */
    BELUGA__OPENAI_ENABLE_THINKING = 1 << 6,   /* reasons by "enable_thinking", "thinking_budget" */
    BELUGA__OPENAI_NO_SCHEMA = 1 << 7,         /* of forms of an answer it knows only JSON */
    BELUGA__OPENAI_MAX_COMPLETION_TOKENS = 1 << 8, /* refuses "max_tokens" for newer models */
    BELUGA__OPENAI_MISTRAL = 1 << 9,            /* Mistral's names: see request.c and messages.c */
    BELUGA__OPENAI_FILE_URLS = 1 << 10,         /* takes files by their address */
    BELUGA__OPENAI_CACHE_CONTROL = 1 << 11,     /* marks for the cache as Anthropic writes them */
    BELUGA__OPENAI_CACHE_TTL = 1 << 12,         /* and how long they hold */
    BELUGA__OPENAI_REASONING_DETAILS = 1 << 13, /* OpenRouter's form of reasoning: details.c */
    BELUGA__OPENAI_THINKING_OFF = 1 << 14       /* no reasoning is "thinking":{"type":"disabled"} */
};

/* A host that speaks the protocol. All zero is the protocol itself. */
typedef struct beluga__openai_host {
    beluga_provider provider;
    uint32_t quirks;             /* beluga__openai_quirk */
    const char *reasoning_field; /* of earlier answers, where it goes back; NULL: it does not */
    /* Its word for each beluga_reasoning_effort, NULL for "leave it out"; NULL: the protocol's. */
    const char *const *efforts;
} beluga__openai_host;

/* hosts.c: the row of a call; the protocol itself for tables that are not one of its rows. */
const beluga__openai_host *beluga__openai_host_of(const beluga_call *call);
/* Row `index`, or NULL past the last. */
const beluga_provider *beluga__openai_host_at(size_t index);

/* A member of a block of reasoning that is not its text: its JSON. */
typedef struct beluga__openai_member {
    struct beluga__openai_member *next;
    const char *key, *json;
    size_t length;
} beluga__openai_member;

/* A block of reasoning with members of its own, of which pieces may still come; see details.c. */
typedef struct beluga__openai_detail {
    const char *list; /* "reasoning_details" or "thinking_blocks"; NULL: none is open */
    int64_t index;
    beluga__openai_member *members; /* in the call's memory */
} beluga__openai_detail;

/* What a decoder remembers of one answer; all zero at its start. */
typedef struct beluga__openai_state {
    bool has_metadata, refused;
    bool finished; /* a reason came; more may follow */
    bool whole;    /* it comes in one piece */
    bool said;     /* a delta had content */
    bool warned;   /* of sound that is not delivered */
    beluga__calls calls;
    beluga__openai_detail detail;
    size_t n_reasoned;      /* bytes of the reasoning at work, */
    uint64_t reasoned_hash; /* and what tells it from another */
} beluga__openai_state;

/* Members of an answer or a chunk, and of its choice. They stand in the order in which they come,
 * with those that nobody asks for, so that nearly each is found at once; those of an error are the
 * last. */
enum beluga__openai_chunk_member {
    BELUGA__OPENAI_ID,
    BELUGA__OPENAI_OBJECT,
    BELUGA__OPENAI_CREATED,
    BELUGA__OPENAI_MODEL,
    BELUGA__OPENAI_SERVICE_TIER,
    BELUGA__OPENAI_FINGERPRINT,
    BELUGA__OPENAI_CHOICES,
    BELUGA__OPENAI_USAGE,
    BELUGA__OPENAI_OBFUSCATION,
    BELUGA__OPENAI_FAULTS,
    BELUGA__OPENAI_MEMBERS = BELUGA__OPENAI_FAULTS + BELUGA__FAULT_MEMBERS
};
enum beluga__openai_choice_member {
    BELUGA__OPENAI_INDEX,
    BELUGA__OPENAI_DELTA,
    BELUGA__OPENAI_MESSAGE,
    BELUGA__OPENAI_LOGPROBS,
    BELUGA__OPENAI_FINISH_REASON,
    BELUGA__OPENAI_NATIVE_REASON,
    BELUGA__OPENAI_CHOICE_USAGE,
    BELUGA__OPENAI_CHOICE_MEMBERS
};

/* What was warned about. */
enum beluga__openai_warned {
    BELUGA__OPENAI_LOST_REASONING = 1 << 0,
    BELUGA__OPENAI_LOST_FAILURE = 1 << 1,
    BELUGA__OPENAI_LOST_AUDIO = 1 << 3,
    BELUGA__OPENAI_LOST_FILE = 1 << 4,
    BELUGA__OPENAI_LOST_MEDIA = 1 << 5,
    BELUGA__OPENAI_MOVED_MEDIA = 1 << 6,
    BELUGA__OPENAI_LOST_TTL = 1 << 7,
    BELUGA__OPENAI_WRAPPED_ARGUMENTS = 1 << 8
};

/* A request being written. What is wrong with its messages sticks in `status`. */
typedef struct beluga__openai_encoder {
    const beluga_call *call;
    const beluga__openai_host *host;
    const char *name; /* of the provider */
    beluga_http_request *request;
    beluga_error *err;
    beluga__body body;
    beluga_json_writer *w;
    int status;
    bool breakpoints; /* marks for the cache as OpenAI's newer models take them */
    uint32_t warned;  /* beluga__openai_warned, or'ed */
} beluga__openai_encoder;

/* request.c, messages.c */
void beluga__openai_put_messages(beluga__openai_encoder *e);
/* Is it api.openai.com, or one of its regions? */
bool beluga__openai_is_own_host(const char *url);

/* parts.c */
void beluga__openai_fail(beluga__openai_encoder *e, int code, const char *what);
void beluga__openai_warn_once(beluga__openai_encoder *e, uint32_t bit, const char *format, ...)
    BELUGA_PRINTF(3, 4);
/* Does a part stand in the content of a message of this role? Warns of, or fails for, what the host
 * can't be told. */
bool beluga__openai_is_content(beluga__openai_encoder *e, const beluga_part *part,
                               beluga_role role);
/* Does a human's message take it? Warns if not. */
bool beluga__openai_takes_media(beluga__openai_encoder *e, const beluga_part *part);
void beluga__openai_put_part(beluga__openai_encoder *e, const beluga_part *part);
bool beluga__openai_sends_mark(const beluga__openai_encoder *e, const beluga_part *part);
bool beluga__openai_knows_breakpoints(const char *model);
void beluga__openai_put_breakpoint(beluga_json_writer *w);

/* details.c: reasoning in blocks, as it came. Returns false when a message has none of it. */
bool beluga__openai_put_details(beluga__openai_encoder *e, const beluga_message *message);
/* Set the path, below a base URL that may end in an endpoint of either protocol of OpenAI's. */
void beluga__openai_set_path(beluga_http_request *request, const char *path);
/* For a provider that shares the rest of the request. */
int beluga__openai_encode_as(const beluga__openai_host *host, const beluga_call *call,
                             beluga_http_request *request, beluga_error *err);
int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
/* The headers of the provider's own options "organization" and "project". */
void beluga__openai_set_account(const beluga_call *call, beluga_http_request *request);
int beluga__openai_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);

/* Shapes that other protocols have taken over. */
void beluga__openai_put_tool(beluga_json_writer *w, const beluga_tool *tool, bool strict);
/* Returns 0 or NO_MEMORY; see beluga__put_arguments_text. */
int beluga__openai_put_tool_call(beluga_json_writer *w, const beluga_part *part, bool *wrapped);
/* Where a part's content is, as a string: its URL, or a data: URL of its bytes. Returns 0, or
 * INVALID_INPUT for a type that is too long. */
int beluga__openai_put_url(beluga_json_writer *w, const char *key, const beluga_part *part,
                           beluga_error *err);

/* response.c, stream.c */
int beluga__openai_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__openai_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__openai_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Pieces of both: look for the members; those of the choice of index 0, which is returned, or NULL
 * when there is none. */
void beluga__openai_pick(const beluga_json *root, const beluga_json **members);
const beluga_json *beluga__openai_pick_choice(const beluga_json *choices,
                                              const beluga_json **members);
/* What a choice has of its message, a delta of one, what stands beside it, and how it ends. */
int beluga__openai_emit_choice(beluga__openai_state *state, const beluga_json *const *choice,
                               beluga_emit *emit);
int beluga__openai_emit_metadata(beluga__openai_state *state, const beluga_json *const *members,
                                 beluga_emit *emit);
int beluga__openai_emit_usage(const beluga_json *usage, beluga_emit *emit);
int beluga__openai_emit_finish(beluga__openai_state *state, const beluga_json *const *choice,
                               beluga_emit *emit);

/* details.c: reasoning as text; pieces of blocks in the member `list`; and the end of the block at
 * work, before what is no reasoning. */
int beluga__openai_emit_reasoning(beluga__openai_state *state, const char *text, size_t length,
                                  beluga_emit *emit);
int beluga__openai_emit_details(beluga__openai_state *state, const char *list,
                                const beluga_json *details, beluga_emit *emit);
int beluga__openai_end_detail(beluga__openai_state *state, beluga_emit *emit);

/* Whether any of them has words, and not only what is encrypted. */
bool beluga__openai_details_say(const beluga_json *details);

/* tools.c: "tool_calls", or a "function_call". */
int beluga__openai_emit_tool_calls(beluga__openai_state *state, const beluga_json *calls,
                                   beluga_emit *emit);
int beluga__openai_emit_function_call(beluga__openai_state *state, const beluga_json *function,
                                      beluga_emit *emit);

#endif
