/* The protocol of Google's Gemini API: generateContent and streamGenerateContent. */
#ifndef BELUGA__PROVIDERS_GEMINI_H
#define BELUGA__PROVIDERS_GEMINI_H

#include "providers/common.h"
#include "providers/decode.h"
#include "providers/encoder.h"
#include "providers/fault.h"
#include "providers/finish_words.h"
#include "providers/model_list.h"
#include "providers/tool_calls.h"

/* The prefix of ids that the library makes up if the API sends no id. Such ids are not sent
 * back. */
#define BELUGA__GEMINI_MADE_UP_ID "gemini_"

/* The mark that the library puts before signatures of this API. It distinguishes them from
 * Claude's, which are base64, too: Claude refuses reasoning that another model signed. */
#define BELUGA__GEMINI_SIGNED "gemini:"

/* The state of a decoder. It is all zero when an answer begins. */
typedef struct beluga__gemini_state {
    bool has_metadata, warned;
    bool finished; /* a finish reason has arrived; more content may follow */
    beluga__calls calls;
    int64_t answer_tokens, thought_tokens; /* the latest counts */
} beluga__gemini_state;

/* A request being written. */
typedef struct beluga__gemini_encoder {
    BELUGA__ENCODER_BASE;
    size_t turn;     /* index of the message with which the current turn began */
    bool wrapped;    /* the arguments of some call are not a JSON object */
    bool lost_media; /* media of system messages were left out */
} beluga__gemini_encoder;

/* path.c. Set the path of a model's method. If the request already has a URL, it is used as the
 * base URL. */
int beluga__gemini_set_path(const beluga_call *call, beluga_http_request *request,
                            const char *method, beluga_error *err);
/* Set the URL of a resource of the Gemini API, such as "batches/7"; `service`, such as "/upload",
 * is written before the version and may be "". Returns 0 or a code, NOT_SUPPORTED for Vertex AI. */
int beluga__gemini_set_resource(beluga_http_request *request, const char *service,
                                const char *resource, beluga_error *err);
/* Returns whether the request goes to Vertex AI. */
bool beluga__gemini_is_vertex(beluga_http_request *request);
/* Returns the collection that is written before a model's name in the Gemini API, such as
 * "models/", or "" if the name contains it. */
const char *beluga__gemini_collection(const char *model);
/* Returns whether a URL ends in a version of the API, or belongs to a project of Vertex AI. */
bool beluga__gemini_has_version(const char *url);
/* Returns whether a key is one of Google's API keys; all others are tokens. */
bool beluga__gemini_is_api_key(const char *key);
/* Returns whether a URL needs an OAuth token instead of an API key. */
bool beluga__gemini_takes_token(const char *url, const char *key);

/* request.c, contents.c, content_parts.c, results.c, generation.c */
int beluga__gemini_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
/* Write the tools, and the settings that say how the model may call them. */
void beluga__gemini_put_tools(beluga__gemini_encoder *e);
int beluga__gemini_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
int beluga__vertex_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
void beluga__gemini_put_contents(beluga__gemini_encoder *e);
/* Write the consecutive results from message `index` on as one content. Returns the index of the
 * last result. */
size_t beluga__gemini_put_results(beluga__gemini_encoder *e, size_t index);
/* Write the members of a part into an open object. */
void beluga__gemini_put_members(beluga__gemini_encoder *e, const beluga_part *part,
                                beluga_role role);
/* Write a part of a message that the model did not write. */
void beluga__gemini_put_part(beluga__gemini_encoder *e, const beluga_part *part);
/* Write the id of a tool call, unless the library made it up. */
void beluga__gemini_put_id(beluga__gemini_encoder *e, const char *id);
void beluga__gemini_put_system(beluga__gemini_encoder *e);
void beluga__gemini_put_generation_config(beluga__gemini_encoder *e);
/* Returns the major version in a model's name, such as 2 for "gemini-2.5-pro"; 0 if the name has
 * none. */
int beluga__gemini_version(const char *model);

/* embed.c */
int beluga__gemini_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err);
int beluga__gemini_decode_embed(const char *body, size_t length, beluga_emit *emit);
int beluga__gemini_encode_count(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err);
int beluga__gemini_decode_count(const char *body, size_t length, beluga_emit *emit);

/* response.c */
int beluga__gemini_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__gemini_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__gemini_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* parts.c */
int beluga__gemini_emit_content(beluga__gemini_state *state, const beluga_json *content,
                                beluga_emit *emit);

/* google_token.c: exchange a service account's key, or a user's refresh token, for an access
 * token. */
int beluga__google_encode_token(void *self, const beluga_credential *credential, int64_t now,
                                beluga_http_request *request, beluga_error *err);

/* error.c */
void beluga__gemini_decode_error(const beluga_call *call, const beluga_http_response *response,
                                 beluga_error *err);
/* Emit the error {"code","message","status","details"} that an answer with status 200 contains;
 * `otherwise` is the code for an error without a known status. Returns the code. */
int beluga__gemini_emit_fault(const beluga_json *error, int otherwise, beluga_emit *emit);
/* Returns the code of an error; `otherwise` if its status is not known. */
int beluga__gemini_error_code(const beluga_json *error, int otherwise);
/* Returns the HTTP status of an error, 400 to 599. An error that has only a gRPC number gets the
 * corresponding status. */
int beluga__gemini_status_of(const beluga_json *error);

/* batch.c, batch_request.c */
enum { BELUGA__GEMINI_FILE = 128 }; /* size of a file's name in bytes */

/* The answer that a call about batch jobs receives next. */
typedef enum beluga__gemini_step {
    BELUGA__GEMINI_FIRST = 0,
    BELUGA__GEMINI_UPLOADED, /* the file that was uploaded */
    BELUGA__GEMINI_JOB,      /* the job that was created or cancelled */
    BELUGA__GEMINI_DELETED   /* the answer to a deletion, whose body is ignored */
} beluga__gemini_step;

/* The state of a call about batch jobs. */
typedef struct beluga__gemini_batch_state {
    uint32_t step;
    uint32_t ended_as; /* the beluga_batch_state of the job whose results are read */
    char files[2][BELUGA__GEMINI_FILE]; /* files that are deleted before the job; "": no file */
    bool job_goes; /* the files are deleted, and the job itself is being deleted */
    char first[BELUGA__GEMINI_FILE]; /* the first file that the last list of files had */
} beluga__gemini_batch_state;

/* The token (see beluga_emit_next_request) of a request that fetches or deletes the job. Other
 * tokens are the URL of an upload or the name of a file. */
#define BELUGA__GEMINI_THE_JOB "job"
/* The token of a request that lists files again, from the first page on. No page has this token. */
#define BELUGA__GEMINI_AGAIN "*"

int beluga__gemini_put_batch_request(const beluga_batch_request *given, beluga_json_writer *w,
                                     beluga_error *err);
int beluga__gemini_encode_create_job(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
int beluga__gemini_encode_sweep_job(const beluga_call *call, beluga_http_request *request,
                                    beluga_error *err);
/* Returns the name of the job, which its file has, too. */
const char *beluga__gemini_batch_name(const beluga_call *call);
/* Returns whether the request with this token creates a job: the token is then a file's name. */
bool beluga__gemini_creates_job(const char *token);
int beluga__gemini_encode_get_job(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
int beluga__gemini_encode_list_jobs(const beluga_call *call, beluga_http_request *request,
                                    beluga_error *err);
int beluga__gemini_encode_cancel_job(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
int beluga__gemini_encode_job_results(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
int beluga__gemini_encode_delete_job(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
extern const beluga_batch_api beluga__gemini_batch;

#endif
