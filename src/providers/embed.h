/* Pieces of requests that embed and of answers to them, and of those that count tokens, which many
 * protocols share. */
#ifndef BELUGA__PROVIDERS_EMBED_H
#define BELUGA__PROVIDERS_EMBED_H

#include "providers/body.h"

/* A request that embeds, being written. */
typedef struct beluga__embed_request {
    const beluga_call *call;
    beluga_http_request *request;
    beluga_error *err;
    beluga_json_writer *w;
    beluga__body body;
} beluga__embed_request;

/* Begin the body. Returns 0 or a code, as beluga__body_begin does. */
int beluga__embed_begin(beluga__embed_request *e, const beluga_call *call,
                        beluga_http_request *request, beluga_error *err);
/* End the body. Returns 0 or a code. */
int beluga__embed_end(beluga__embed_request *e);
/* Write the model's name, and the texts as an array of strings. */
void beluga__embed_put_model(beluga__embed_request *e, const char *name);
void beluga__embed_put_inputs(beluga__embed_request *e, const char *name);
/* Write the word that an API has for the purpose of the texts; `words` has one for each
 * beluga_input_type. Where it is NULL nothing is sent, and a warning says that `whose` has none. */
void beluga__embed_put_type(beluga__embed_request *e, const char *name, const char *const *words,
                            const char *whose);
/* Returns the word, or NULL where none is asked for or where there is none; then this warns. */
const char *beluga__embed_type(beluga__embed_request *e, const char *const *words,
                               const char *whose);
/* Warn that the API of `whose` can't be asked for a number of dimensions, if one is asked for. */
void beluga__embed_no_dimensions(beluga__embed_request *e, const char *whose);

/* Returns whether the value is a whole number, and reads it. */
bool beluga__embed_whole(const beluga_json *value, int64_t *number);
/* Emit the vectors of an array in their order. Each item is a vector, or has it in `member`. */
int beluga__embed_emit_array(const beluga_json *array, const char *member, beluga_emit *emit);

/* Decode an answer whose member is the number of tokens, or the array of them. */
int beluga__decode_token_count(const char *body, size_t length, const char *member,
                               beluga_emit *emit);
/* Warn that only texts are counted by the API of `whose`, where the call has more than texts. */
void beluga__warn_of_texts_only(const beluga_call *call, beluga_http_request *request,
                                const char *whose);

#endif
