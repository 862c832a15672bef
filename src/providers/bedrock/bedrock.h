/* Amazon Bedrock's Converse and ConverseStream. */
#ifndef BELUGA__PROVIDERS_BEDROCK_H
#define BELUGA__PROVIDERS_BEDROCK_H

#include "providers/claude_encoder.h"
#include "providers/common.h"
#include "providers/decode.h"
#include "providers/fault.h"
#include "providers/finish_words.h"
#include "providers/fit.h"
#include "providers/model_list.h"
#include "providers/tool_calls.h"

/* The URL in the default region. URLs in other regions are derived from it. */
#define BELUGA__BEDROCK_URL    "https://bedrock-runtime.us-east-1.amazonaws.com"
#define BELUGA__BEDROCK_REGION "us-east-1"

/* Hidden reasoning is stored as a signature that consists of this mark and the encrypted data. The
 * colon prevents other providers from using the signature. */
#define BELUGA__BEDROCK_REDACTED "bedrock:redacted:"

enum {
    BELUGA__BEDROCK_ID = 64,       /* the longest id or name of a tool call */
    BELUGA__BEDROCK_DOCUMENTS = 64 /* maximum number of documents whose names are compared */
};

/* The state of a decoder. It is all zero when an answer begins. */
typedef struct beluga__bedrock_state {
    bool started, finished;
    bool reasoning; /* the open block is reasoning */
    beluga__calls calls;
} beluga__bedrock_state;

/* Hashes of the names that documents got, since Converse refuses two documents with one name. */
typedef struct beluga__bedrock_documents {
    uint64_t hashes[BELUGA__BEDROCK_DOCUMENTS];
    size_t n;
} beluga__bedrock_documents;

/* region.c: returns the region of the options, or NULL. */
const char *beluga__bedrock_region(const beluga_call *call);
/* Change the default region in the request's URL to another one. Returns 0, or INVALID_CONFIG if
 * the region's name is not valid. */
int beluga__bedrock_set_region(beluga_http_request *request, const char *region, beluga_error *err);

/* request.c, messages.c, parts.c */
int beluga__bedrock_encode_request(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err);
int beluga__bedrock_encode_embed(const beluga_call *call, beluga_http_request *request,
                                 beluga_error *err);
int beluga__bedrock_encode_count(const beluga_call *call, beluga_http_request *request,
                                 beluga_error *err);
int beluga__bedrock_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err);
extern const beluga__claude_protocol beluga__bedrock_protocol;
/* Write "system" and "messages". */
void beluga__bedrock_put_messages(beluga__claude_encoder *e);
bool beluga__bedrock_is_reasoning_sendable(beluga__claude_encoder *e, const beluga_part *part);
bool beluga__bedrock_is_media_sendable(beluga__claude_encoder *e, const beluga_part *part,
                                       beluga_role role);
/* Returns whether the model's id contains a family such as "anthropic.". */
bool beluga__bedrock_is_model(const beluga__claude_encoder *e, const char *family);
/* Returns a tool call's id in a form that this model accepts: `id` itself, or a changed id in
 * `buffer`. */
const char *beluga__bedrock_fit_id(const beluga__claude_encoder *e, const char *id,
                                   char buffer[BELUGA__FITTED]);
/* Write a part as a block. beluga__claude_is_sendable must have returned true for the part. */
void beluga__bedrock_put_part(beluga__claude_encoder *e, const beluga_part *part);
/* Write the part's cache mark, if it has one that is sent, as a separate block. */
void beluga__bedrock_put_cache_point(beluga__claude_encoder *e, const beluga_part *part);

/* authorize.c, sigv4.c */
int beluga__bedrock_authorize(beluga_http_request *request, const beluga_credential *credential,
                              int64_t now, beluga_error *err);

typedef struct beluga__sigv4 {
    const char *id, *secret, *token; /* token NULL or "": no token */
    const char *region, *service;
    int64_t now; /* seconds since 1970 */
} beluga__sigv4;

/* Sign a request, which must not be changed afterwards: set X-Amz-Date, X-Amz-Content-Sha256,
 * X-Amz-Security-Token and Authorization. */
int beluga__sigv4_sign(beluga_http_request *request, const beluga__sigv4 *with, beluga_error *err);

/* response.c, stream.c */
int beluga__bedrock_decode_response(void *state, const char *body, size_t length,
                                    beluga_emit *emit);
int beluga__bedrock_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__bedrock_decode_embed(const char *body, size_t length, beluga_emit *emit);
int beluga__bedrock_decode_count(const char *body, size_t length, beluga_emit *emit);
int beluga__bedrock_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Emit the reasoning of a block or a delta, the usage, and the end. Decoders of streams and of
 * other answers use these functions. */
int beluga__bedrock_emit_reasoning(const beluga_json *reasoning, beluga_emit *emit);
int beluga__bedrock_emit_usage(const beluga_json *usage, beluga_emit *emit);
int beluga__bedrock_emit_stop(beluga__bedrock_state *state, const beluga_json *root,
                              beluga_emit *emit);

/* error.c */
void beluga__bedrock_decode_error(const beluga_call *call, const beluga_http_response *response,
                                  beluga_error *err);
/* Emit an exception inside a stream, from its name and payload. Returns its code. */
int beluga__bedrock_emit_exception(const char *name, const char *payload, size_t length,
                                   beluga_emit *emit);

#endif
