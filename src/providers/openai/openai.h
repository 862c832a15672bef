/* The protocol "Chat Completions", which OpenAI defined and many hosts implement. */
#ifndef BELUGA__PROVIDERS_OPENAI_H
#define BELUGA__PROVIDERS_OPENAI_H

#include "providers/common.h"
#include "providers/decode.h"
#include "providers/encoder.h"
#include "providers/fault.h"
#include "providers/finish_words.h"
#include "providers/model_list.h"
#include "providers/tool_calls.h"

/* The environment variables and options of an OpenAI account, which both of OpenAI's protocols
 * use. */
#define BELUGA__OPENAI_KEY_VARIABLES BELUGA__TEXTS("OPENAI_API_KEY")
#define BELUGA__OPENAI_URL_VARIABLES BELUGA__TEXTS("OPENAI_BASE_URL", "OPENAI_API_BASE")
#define BELUGA__OPENAI_ACCOUNT_OPTIONS(provider)                                         \
    BELUGA__OWN_HEAD(provider ".organization", "organization to bill", "OPENAI_ORG_ID"), \
        BELUGA__OWN_HEAD(provider ".project", "project to bill", "OPENAI_PROJECT_ID")

/* A difference between a host and the protocol. */
typedef enum beluga__openai_quirk {
    BELUGA__OPENAI_TOP_K = 1 << 0,    /* accepts "top_k" */
    BELUGA__OPENAI_NO_TOOLS = 1 << 1, /* accepts no tools */
    BELUGA__OPENAI_NO_STOP = 1 << 2,  /* accepts no stop sequences */
    BELUGA__OPENAI_NO_SEED = 1 << 3,  /* accepts no seed */
    BELUGA__OPENAI_NO_USER = 1 << 4,  /* refuses "user" */
    /* refuses stream options, and sends the usage anyway */
    BELUGA__OPENAI_NO_STREAM_OPTIONS = 1 << 5,
    /* accepts "enable_thinking" and "thinking_budget" for reasoning */
    BELUGA__OPENAI_ENABLE_THINKING = 1 << 6,
    BELUGA__OPENAI_NO_SCHEMA = 1 << 7,             /* accepts no answer form except JSON mode */
    BELUGA__OPENAI_MAX_COMPLETION_TOKENS = 1 << 8, /* newer models refuse "max_tokens" */
    /* uses Mistral's names of fields, see request.c and messages.c */
    BELUGA__OPENAI_MISTRAL = 1 << 9,
    BELUGA__OPENAI_FILE_URLS = 1 << 10,         /* accepts files by URL */
    BELUGA__OPENAI_CACHE_CONTROL = 1 << 11,     /* accepts cache marks in Anthropic's form */
    BELUGA__OPENAI_CACHE_TTL = 1 << 12,         /* accepts the lifetime of a cache mark */
    BELUGA__OPENAI_REASONING_DETAILS = 1 << 13, /* OpenRouter's form of reasoning, see details.c */
    /* accepts "thinking":{"type":"disabled"} to turn reasoning off */
    BELUGA__OPENAI_THINKING_OFF = 1 << 14,
    BELUGA__OPENAI_REASONING_SPLIT = 1 << 15, /* accepts "reasoning_split", see request.c */
    BELUGA__OPENAI_NO_FORM = 1 << 16,         /* accepts no answer form, not even JSON mode */
    BELUGA__OPENAI_EMBED_FLOATS = 1 << 17     /* is not known to send vectors as base64 */
} beluga__openai_quirk;

/* A host that implements the protocol. If all other members are zero, the host has no differences
 * from the protocol. */
typedef struct beluga__openai_host {
    beluga_provider provider;
    uint32_t quirks; /* bits of beluga__openai_quirk */
    /* the field for the reasoning of earlier answers; NULL if the host does not accept any */
    const char *reasoning_field;
    /* The host's word for each beluga_reasoning_effort; NULL for an effort that is not sent.
     * Without this list the protocol's words are sent. */
    const char *const *efforts;
    /* The host's word for each beluga_input_type; NULL if the host has no such words. */
    const char *const *input_types;
    /* The path of the host's endpoint that counts tokens, and the member of the answer with the
     * count; NULL if the host does not count tokens. */
    const char *count_path, *count_member;
} beluga__openai_host;

/* The maximum number of texts, and of their bytes, in one request for embeddings to OpenAI.
 * OpenAI's limit for the texts together is 300,000 tokens; 600,000 bytes have fewer, unless half of
 * the text consists of rare characters. */
enum { BELUGA__OPENAI_INPUTS = 2048, BELUGA__OPENAI_INPUT_BYTES = 600000 };

/* hosts.c, or hosts_none.c and plain_host.c */
/* Returns row `index`, or NULL after the last row. */
const beluga_provider *beluga__openai_host_at(size_t index);
/* Write the request for the host of the call's provider. For a provider without a row in hosts.c,
 * the protocol is used without changes. */
int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
int beluga__openai_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err);
int beluga__openai_encode_count(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err);
int beluga__openai_decode_count(const char *body, size_t length, beluga_emit *emit);

/* A member of a block of reasoning, other than the block's text. */
typedef struct beluga__openai_member {
    struct beluga__openai_member *next;
    const char *key, *json;
    size_t length;
} beluga__openai_member;

/* A block of reasoning that has more members than its text, until all its pieces have arrived; see
 * details.c. */
typedef struct beluga__openai_detail {
    const char *list; /* "reasoning_details" or "thinking_blocks"; NULL: no block is open */
    int64_t index;
    beluga__openai_member *members; /* in the call's memory */
} beluga__openai_detail;

/* The state of a decoder. It is all zero when an answer begins. */
typedef struct beluga__openai_state {
    bool has_metadata, refused;
    bool finished; /* a finish reason has arrived; more content may follow */
    bool whole;    /* the answer is not streamed */
    bool said;     /* a delta had content */
    bool warned;   /* a warning has reported that audio was left out */
    beluga__calls calls;
    beluga__openai_detail detail;
    size_t n_reasoned;      /* number of bytes of the open reasoning */
    uint64_t reasoned_hash; /* hash of the same bytes */
} beluga__openai_state;

/* Members of an answer or a chunk, and of its choice. They are listed in the order in which servers
 * send them, including unused ones, so that nearly every member is found at the first comparison;
 * the members of an error come last. */
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
/* Members of a choice. Those of streams come first, in the order in which servers send them. */
typedef enum beluga__openai_choice_member {
    BELUGA__OPENAI_INDEX,
    BELUGA__OPENAI_DELTA,
    BELUGA__OPENAI_LOGPROBS,
    BELUGA__OPENAI_FINISH_REASON,
    BELUGA__OPENAI_NATIVE_REASON,
    BELUGA__OPENAI_CHOICE_USAGE,
    BELUGA__OPENAI_MESSAGE, /* only in an answer that is not streamed */
    BELUGA__OPENAI_CHOICE_MEMBERS
} beluga__openai_choice_member;

/* A request being written. */
typedef struct beluga__openai_encoder {
    BELUGA__ENCODER_BASE;
    const beluga__openai_host *host;
    /* the request goes to OpenAI, for a model that accepts its cache marks */
    bool breakpoints;
} beluga__openai_encoder;

/* request.c */
/* Write the request for a host. Providers that share this function change their own fields
 * afterwards. */
int beluga__openai_encode_as(const beluga__openai_host *host, const beluga_call *call,
                             beluga_http_request *request, beluga_error *err);
/* Write the request that counts tokens. It contains the same messages and tools, but has another
 * path. */
int beluga__openai_encode_count_as(const beluga__openai_host *host, const beluga_call *call,
                                   beluga_http_request *request, beluga_error *err);
int beluga__openai_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
/* Set the path and the headers of the provider's own options "organization" and "project". The base
 * URL may end in an endpoint of either of OpenAI's protocols. */
void beluga__openai_set_head(const beluga_call *call, beluga_http_request *request,
                             const char *path);
/* Set the path as beluga__openai_set_head does, without the headers. */
void beluga__openai_set_path(beluga_http_request *request, const char *path);

/* These functions write forms that other protocols have adopted. */
void beluga__openai_put_tool(beluga_json_writer *w, const beluga_tool *tool, bool strict);
/* Write "tool_choice". If `object` is set, a tool's name is written inside an object of this
 * name. */
void beluga__openai_put_tool_choice(beluga__encoder *e, const char *choice, const char *object);
/* Write the members "name", "schema" and "strict" for the form of the answer into an open
 * object. */
void beluga__openai_put_schema(beluga__encoder *e, const beluga__answer_form *form);

/* messages.c */
void beluga__openai_put_messages(beluga__openai_encoder *e);
/* Begin the object of a tool call, and write the members that all protocols with this form have. */
void beluga__openai_begin_tool_call(beluga__encoder *e, const beluga_part *part, const char *id);

/* parts.c */
/* Returns whether a part is sent in the content of a message of this role. If the host does not
 * accept the part, this warns or lets the request fail. */
bool beluga__openai_is_content(beluga__openai_encoder *e, const beluga_part *part,
                               beluga_role role);
/* Returns whether the host accepts a media part in human messages; warns if not. */
bool beluga__openai_takes_media(beluga__openai_encoder *e, const beluga_part *part);
void beluga__openai_put_part(beluga__openai_encoder *e, const beluga_part *part);
bool beluga__openai_sends_mark(const beluga__openai_encoder *e, const beluga_part *part);
/* Returns whether a request goes to OpenAI itself. */
bool beluga__openai_is_own_host(const beluga_http_request *request);
/* Returns whether the request goes to OpenAI itself, for a model that accepts cache marks there. */
bool beluga__openai_takes_breakpoints(const beluga__encoder *e);
void beluga__openai_put_breakpoint(beluga_json_writer *w);
/* Write the URL of a part's content, or a data: URL of its bytes, as a string. */
void beluga__openai_put_url(beluga__encoder *e, const char *key, const beluga_part *part);

/* details.c */
/* Write the reasoning of an earlier answer that was sent in blocks. Returns false if the message
 * has no such reasoning. */
bool beluga__openai_put_details(beluga__openai_encoder *e, const beluga_message *message);

/* response.c, stream.c */
int beluga__openai_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__openai_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__openai_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* embed.c */
int beluga__openai_decode_embed(const char *body, size_t length, beluga_emit *emit);

/* Find the members of an answer or a chunk. */
void beluga__openai_pick(const beluga_json *root, const beluga_json **members);
/* Find the members of the choice with index 0. Returns the choice, or NULL if there is none. */
const beluga_json *beluga__openai_pick_choice(const beluga_json *choices,
                                              const beluga_json **members);
/* Emit the content of a choice's delta or message. */
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
/* End the open block; call this before emitting anything other than reasoning. */
int beluga__openai_end_detail(beluga__openai_state *state, beluga_emit *emit);
/* Returns whether any of the blocks contains text. */
bool beluga__openai_details_say(const beluga_json *details);

/* tools.c: emit the tool calls of "tool_calls", or the single one of "function_call". */
int beluga__openai_emit_tool_calls(beluga__openai_state *state, const beluga_json *calls,
                                   beluga_emit *emit);
int beluga__openai_emit_function_call(beluga__openai_state *state, const beluga_json *function,
                                      beluga_emit *emit);

#endif
