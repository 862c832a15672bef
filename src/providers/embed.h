/* Functions that many protocols share for requests that embed or count tokens, and for the answers
 * to such requests. */
#ifndef BELUGA__PROVIDERS_EMBED_H
#define BELUGA__PROVIDERS_EMBED_H

#include "providers/body.h"

/* The state of writing a request for embeddings. */
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
/* Write the API's word for the purpose of the texts; `words` has a word for each beluga_input_type.
 * If the word for the call's purpose is NULL, nothing is sent, and a warning says that the API of
 * `whose` has no such purpose. */
void beluga__embed_put_type(beluga__embed_request *e, const char *name, const char *const *words,
                            const char *whose);
/* Returns the API's word for the purpose. Returns NULL if the caller gave no purpose, and also,
 * after a warning, if the API has no word for it. */
const char *beluga__embed_type(beluga__embed_request *e, const char *const *words,
                               const char *whose);
/* If the caller asks for a number of dimensions, warn that the API of `whose` does not accept
 * one. */
void beluga__embed_no_dimensions(beluga__embed_request *e, const char *whose);

/* Returns whether the value is a whole number, and stores it in `*number`. */
bool beluga__embed_whole(const beluga_json *value, int64_t *number);
/* Emit the vectors of an array in their order. Each item is a vector, or an object that has the
 * vector as its member `member`. */
int beluga__embed_emit_array(const beluga_json *array, const char *member, beluga_emit *emit);

/* Decode an answer in which `member` is the number of tokens, or an array of the tokens. */
int beluga__decode_token_count(const char *body, size_t length, const char *member,
                               beluga_emit *emit);
/* Warn that the API of `whose` counts only texts, if the call has other content too. */
void beluga__warn_of_texts_only(const beluga_call *call, beluga_http_request *request,
                                const char *whose);

#endif
