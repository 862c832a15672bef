/* Amazon Bedrock's Converse and ConverseStream. */
#ifndef BELUGA__PROVIDERS_BEDROCK_H
#define BELUGA__PROVIDERS_BEDROCK_H

#include "providers/claude.h"
#include "providers/calls.h"
#include "providers/common.h"
#include "providers/decode.h"
#include "providers/fault.h"
#include "providers/fit.h"
#include "providers/words.h"

/* The runtime of the region that counts where nobody names one; another's host is made from it. */
#define BELUGA__BEDROCK_URL    "https://bedrock-runtime.us-east-1.amazonaws.com"
#define BELUGA__BEDROCK_REGION "us-east-1"

/* Before the data of reasoning that is hidden, which stand where a signature does; the colon keeps
 * them from being taken for another provider's. */
#define BELUGA__BEDROCK_REDACTED "bedrock:redacted:"

enum {
    BELUGA__BEDROCK_ID = 64,       /* the longest id or name of a tool call */
    BELUGA__BEDROCK_DOCUMENTS = 64 /* whose names are compared */
};

/* What was warned about already. */
enum {
    BELUGA__BEDROCK_DROPPED_REASONING = 1 << 0,
    BELUGA__BEDROCK_MOVED_SYSTEM = 1 << 1,
    BELUGA__BEDROCK_LEFT_OUT = 1 << 2,
    BELUGA__BEDROCK_DROPPED_MEDIA = 1 << 3,
    BELUGA__BEDROCK_DROPPED_IMAGE = 1 << 4,
    BELUGA__BEDROCK_DROPPED_AUDIO = 1 << 5,
    BELUGA__BEDROCK_DROPPED_FILE = 1 << 6,
    BELUGA__BEDROCK_DROPPED_MARK = 1 << 7,
    BELUGA__BEDROCK_BLANK = 1 << 8,
    BELUGA__BEDROCK_CUT = 1 << 9
};

/* What a decoder remembers of one answer; all zero at its start. */
typedef struct beluga__bedrock_state {
    bool started, finished;
    bool reasoning; /* the open block is */
    beluga__calls calls;
} beluga__bedrock_state;

/* A request being written. What is wrong with its messages sticks in `status`. */
typedef struct beluga__bedrock_encoder {
    const beluga_call *call;
    beluga_http_request *request;
    beluga_error *err;
    beluga__body body;
    beluga_json_writer *w;
    beluga__claude model;
    beluga__claude_plan plan;
    const beluga_part *prefill; /* the text that the answer goes on with, or NULL */
    beluga__marks marks;
    uint64_t documents[BELUGA__BEDROCK_DOCUMENTS]; /* hashes of the names that were given */
    size_t n_documents;
    int status;
    unsigned warned;
    bool wrapped;
} beluga__bedrock_encoder;

/* region.c: what the options say, or NULL. */
const char *beluga__bedrock_region(const beluga_call *call);
/* Move a URL of the default region to another. Returns 0; INVALID_CONFIG for what is none. */
int beluga__bedrock_set_region(beluga_http_request *request, const char *region, beluga_error *err);

/* request.c, messages.c, parts.c */
int beluga__bedrock_encode_request(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err);
int beluga__bedrock_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err);
void beluga__bedrock_put_messages(beluga__bedrock_encoder *e);
/* Whether a part becomes a block: blank text, what the model did not sign and media that Converse
 * does not know are refused; what is lost with them is warned about. */
bool beluga__bedrock_is_sendable(beluga__bedrock_encoder *e, const beluga_part *part,
                                 beluga_role role);
/* Warn once of what the bit stands for. */
void beluga__bedrock_warn(beluga__bedrock_encoder *e, unsigned bit, const char *what);
/* Whether "anthropic." or another family is in the model's id. */
bool beluga__bedrock_is_model(const beluga__bedrock_encoder *e, const char *family);
/* An id of a call as this model takes it; in `buffer`, or as it was. */
const char *beluga__bedrock_fit_id(const beluga__bedrock_encoder *e, const char *id,
                                   char buffer[BELUGA__FITTED]);
/* A part that is sendable as a block. */
void beluga__bedrock_put_part(beluga__bedrock_encoder *e, const beluga_part *part);
void beluga__bedrock_put_cache_point(beluga__bedrock_encoder *e, const beluga_part *part);
void beluga__bedrock_fail(beluga__bedrock_encoder *e, int code, const char *what);

/* authorize.c, sigv4.c */
int beluga__bedrock_authorize(beluga_http_request *request, const beluga_credential *credential,
                              int64_t now, beluga_error *err);

typedef struct beluga__sigv4 {
    const char *id, *secret, *token; /* token NULL or "": none */
    const char *region, *service;
    int64_t now; /* seconds since 1970 */
} beluga__sigv4;

/* Sign a final request: set X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token and
 * Authorization. */
int beluga__sigv4_sign(beluga_http_request *request, const beluga__sigv4 *with, beluga_error *err);

/* response.c, stream.c */
int beluga__bedrock_decode_response(void *state, const char *body, size_t length,
                                    beluga_emit *emit);
int beluga__bedrock_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__bedrock_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Pieces of both. */
int beluga__bedrock_emit_text(const beluga_json *object, beluga_emit *emit);
/* "reasoningText" of a body or what a delta has for it. */
int beluga__bedrock_emit_reasoning(const beluga_json *reasoning, beluga_emit *emit);
int beluga__bedrock_emit_usage(const beluga_json *usage, beluga_emit *emit);
int beluga__bedrock_emit_stop(beluga__bedrock_state *state, const char *reason, beluga_emit *emit);

/* error.c */
void beluga__bedrock_decode_error(const beluga_http_response *response, beluga_error *err);
/* An exception inside a stream, by its name and payload. Returns its code. */
int beluga__bedrock_emit_exception(const char *name, const char *payload, size_t length,
                                   beluga_emit *emit);

#endif
