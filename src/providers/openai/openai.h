/* The protocol "Chat Completions", which OpenAI defined and many hosts speak. */
#ifndef BELUGA__PROVIDERS_OPENAI_H
#define BELUGA__PROVIDERS_OPENAI_H

#include "providers/common.h"
#include "providers/decode.h"
#include "providers/encoder.h"
#include "providers/fault.h"
#include "providers/finish_words.h"
#include "providers/model_list.h"
#include "providers/tool_calls.h"

/* Both protocols of OpenAI's share the account. */
#define BELUGA__OPENAI_KEY_VARIABLES BELUGA__TEXTS("OPENAI_API_KEY")
#define BELUGA__OPENAI_URL_VARIABLES BELUGA__TEXTS("OPENAI_BASE_URL", "OPENAI_API_BASE")
#define BELUGA__OPENAI_ACCOUNT_OPTIONS(provider)                                         \
    BELUGA__OWN_HEAD(provider ".organization", "organization to bill", "OPENAI_ORG_ID"), \
        BELUGA__OWN_HEAD(provider ".project", "project to bill", "OPENAI_PROJECT_ID")

/* How a host differs from the protocol. */
typedef enum beluga__openai_quirk {
    BELUGA__OPENAI_TOP_K = 1 << 0,             /* takes "top_k" */
    BELUGA__OPENAI_NO_TOOLS = 1 << 1,          /* takes no tools */
    BELUGA__OPENAI_NO_STOP = 1 << 2,           /* takes no stop sequences */
    BELUGA__OPENAI_NO_SEED = 1 << 3,           /* takes no seed */
    BELUGA__OPENAI_NO_USER = 1 << 4,           /* refuses "user" */
    BELUGA__OPENAI_NO_STREAM_OPTIONS = 1 << 5, /* refuses them, and sends the usage anyway */
    BELUGA__OPENAI_ENABLE_THINKING = 1 << 6,   /* reasons by "enable_thinking", "thinking_budget" */
    BELUGA__OPENAI_NO_SCHEMA = 1 << 7,         /* knows no form of an answer but JSON */
    BELUGA__OPENAI_MAX_COMPLETION_TOKENS = 1 << 8, /* refuses "max_tokens" for newer models */
    BELUGA__OPENAI_MISTRAL = 1 << 9,            /* Mistral's names: see request.c and messages.c */
    BELUGA__OPENAI_FILE_URLS = 1 << 10,         /* takes files by their address */
    BELUGA__OPENAI_CACHE_CONTROL = 1 << 11,     /* marks for the cache as Anthropic writes them */
    BELUGA__OPENAI_CACHE_TTL = 1 << 12,         /* takes how long such a mark holds */
    BELUGA__OPENAI_REASONING_DETAILS = 1 << 13, /* OpenRouter's form of reasoning, see details.c */
    BELUGA__OPENAI_THINKING_OFF = 1 << 14       /* no reasoning is "thinking":{"type":"disabled"} */
} beluga__openai_quirk;

/* A host that speaks the protocol. All zero is the protocol itself. */
typedef struct beluga__openai_host {
    beluga_provider provider;
    uint32_t quirks;             /* beluga__openai_quirk */
    const char *reasoning_field; /* takes back the reasoning of earlier answers; NULL: none does */
    /* Its word for each beluga_reasoning_effort, NULL for one that is left out. Without the list
     * the protocol's words are sent. */
    const char *const *efforts;
} beluga__openai_host;

/* hosts.c, or hosts_none.c */
/* Returns row `index`, or NULL past the last. */
const beluga_provider *beluga__openai_host_at(size_t index);
/* Write the request for the host whose row the call's provider is, or for the protocol itself. */
int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);

/* The JSON of a member, other than its text, of a block of reasoning. */
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

/* The state of a decoder, all zero at an answer's start. */
typedef struct beluga__openai_state {
    bool has_metadata, refused;
    bool finished; /* a reason came; more may follow */
    bool whole;    /* it comes in one piece */
    bool said;     /* a delta had content */
    bool warned;   /* sound is not delivered, and a warning said so */
    beluga__calls calls;
    beluga__openai_detail detail;
    size_t n_reasoned;      /* bytes of the reasoning at work */
    uint64_t reasoned_hash; /* of the same bytes */
} beluga__openai_state;

/* Members of an answer or a chunk, and of its choice. They stand in the order in which they come,
 * also those that nobody asks for, so that nearly each is found at once; those of an error are the
 * last. */
typedef enum beluga__openai_chunk_member {
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
} beluga__openai_chunk_member;
typedef enum beluga__openai_choice_member {
    BELUGA__OPENAI_INDEX,
    BELUGA__OPENAI_DELTA,
    BELUGA__OPENAI_MESSAGE,
    BELUGA__OPENAI_LOGPROBS,
    BELUGA__OPENAI_FINISH_REASON,
    BELUGA__OPENAI_NATIVE_REASON,
    BELUGA__OPENAI_CHOICE_USAGE,
    BELUGA__OPENAI_CHOICE_MEMBERS
} beluga__openai_choice_member;

/* A request being written. */
typedef struct beluga__openai_encoder {
    BELUGA__ENCODER_BASE;
    const beluga__openai_host *host;
    bool breakpoints; /* OpenAI's newer models take these as marks for the cache */
} beluga__openai_encoder;

/* request.c */
/* Write the request for a host: providers that share it change what is theirs afterwards. */
int beluga__openai_encode_as(const beluga__openai_host *host, const beluga_call *call,
                             beluga_http_request *request, beluga_error *err);
int beluga__openai_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
/* Set the path, below a base URL that may end in an endpoint of either protocol of OpenAI's, and
 * the headers of the provider's own options "organization" and "project". */
void beluga__openai_set_head(const beluga_call *call, beluga_http_request *request,
                             const char *path);
/* The same without the headers. */
void beluga__openai_set_path(beluga_http_request *request, const char *path);

/* Shapes that other protocols have taken over. */
void beluga__openai_put_tool(beluga_json_writer *w, const beluga_tool *tool, bool strict);
/* Write "tool_choice", where a tool's name may stand in an object of its own. */
void beluga__openai_put_tool_choice(beluga__encoder *e, const char *choice, const char *object);
/* Write "name", "schema" and "strict" of the answer's form into an open object. */
void beluga__openai_put_schema(beluga__encoder *e, const beluga__answer_form *form);

/* messages.c */
void beluga__openai_put_messages(beluga__openai_encoder *e);
/* Begin the object of a tool call, and write all that every protocol of this shape has in it. */
void beluga__openai_begin_tool_call(beluga__encoder *e, const beluga_part *part, const char *id);

/* parts.c */
/* Whether a part stands in the content of a message of this role. Warns of a part that the host
 * can't be told, or fails. */
bool beluga__openai_is_content(beluga__openai_encoder *e, const beluga_part *part,
                               beluga_role role);
/* Whether a human's message takes a part; warns if not. */
bool beluga__openai_takes_media(beluga__openai_encoder *e, const beluga_part *part);
void beluga__openai_put_part(beluga__openai_encoder *e, const beluga_part *part);
bool beluga__openai_sends_mark(const beluga__openai_encoder *e, const beluga_part *part);
/* Whether a request goes to OpenAI itself. */
bool beluga__openai_is_own_host(const beluga_http_request *request);
/* Whether it does, and the model takes marks for the cache there. */
bool beluga__openai_takes_breakpoints(const beluga__encoder *e);
void beluga__openai_put_breakpoint(beluga_json_writer *w);
/* Write the address of a part's content, or a data: URL of its bytes, as a string. */
void beluga__openai_put_url(beluga__encoder *e, const char *key, const beluga_part *part);

/* details.c */
/* Write back reasoning that came in blocks. Returns false when a message has none. */
bool beluga__openai_put_details(beluga__openai_encoder *e, const beluga_message *message);

/* response.c, stream.c */
int beluga__openai_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__openai_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__openai_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Find the members of an answer or a chunk. */
void beluga__openai_pick(const beluga_json *root, const beluga_json **members);
/* Find those of the choice of index 0. Returns the choice, or NULL when there is none. */
const beluga_json *beluga__openai_pick_choice(const beluga_json *choices,
                                              const beluga_json **members);
/* Emit the content of a choice: of its delta, or of its message. */
int beluga__openai_emit_choice(beluga__openai_state *state, const beluga_json *const *choice,
                               beluga_emit *emit);
int beluga__openai_emit_metadata(beluga__openai_state *state, const beluga_json *const *members,
                                 beluga_emit *emit);
int beluga__openai_emit_usage(const beluga_json *usage, beluga_emit *emit);
int beluga__openai_emit_finish(beluga__openai_state *state, const beluga_json *const *choice,
                               beluga_emit *emit);

/* details.c */
/* Emit reasoning as text. */
int beluga__openai_emit_reasoning(beluga__openai_state *state, const char *text, size_t length,
                                  beluga_emit *emit);
/* Emit pieces of blocks from the member `list`. */
int beluga__openai_emit_details(beluga__openai_state *state, const char *list,
                                const beluga_json *details, beluga_emit *emit);
/* End the block at work; before everything that is no reasoning. */
int beluga__openai_end_detail(beluga__openai_state *state, beluga_emit *emit);
/* Whether any of the blocks has words, and not only what is encrypted. */
bool beluga__openai_details_say(const beluga_json *details);

/* tools.c: emit the calls of "tool_calls", or the one of "function_call". */
int beluga__openai_emit_tool_calls(beluga__openai_state *state, const beluga_json *calls,
                                   beluga_emit *emit);
int beluga__openai_emit_function_call(beluga__openai_state *state, const beluga_json *function,
                                      beluga_emit *emit);

#endif
