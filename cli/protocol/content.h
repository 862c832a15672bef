/* Reading the content of messages: what parts of all protocols have in common. `at` is the part's
 * place, for the error. Each returns 0; INVALID_INPUT; LIMIT_EXCEEDED; NO_MEMORY. */
#ifndef BELUGA_CLI_PROTOCOL_CONTENT_H
#define BELUGA_CLI_PROTOCOL_CONTENT_H

#include "protocol/read.h"

/* A call that the model made, as a client names it. The arguments are JSON as text. */
typedef struct protocol_call {
    const char *id, *name, *name_space; /* name_space: NULL: none */
    const char *arguments;
    size_t length; /* of the arguments */
} protocol_call;

/* Add the text in a member of a part. */
int protocol_add_text(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *part, const char *member);
/* Add an image, audio or a file at an address, http: or https: or data:. */
int protocol_add_url(protocol_request *request, const protocol_place *at, beluga_message *message,
                     beluga_part_kind kind, const char *url);
/* Add an image, audio or a file whose bytes are there in base64. `media_type` NULL: it follows from
 * the bytes and the name. `name` may be NULL. */
int protocol_add_base64(protocol_request *request, const protocol_place *at,
                        beluga_message *message, beluga_part_kind kind, const char *media_type,
                        const char *base64, const char *name);
/* Add a part of the types of OpenAI's protocols: text, input_text, output_text, refusal; image_url,
 * input_image; input_audio; file, input_file; and look for its cache mark. */
int protocol_add_part(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *part);
/* Add content that is a text or a list of such parts, in the member `member` of `json`, whose place
 * is `at`. Content that is not given is one without parts. */
int protocol_add_content(protocol_request *request, const protocol_place *at,
                         beluga_message *message, const beluga_json *json, const char *member);
/* Mark the last part as a breakpoint of the cache where `json` has a cache_control. */
int protocol_mark_cache(protocol_request *request, const protocol_place *at,
                        beluga_message *message, const beluga_json *json);
/* Add a call that the model made; arguments that are empty become "{}". */
int protocol_add_call(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const protocol_call *call);
/* Make the message with the result of a call: a text or a list of parts, in the member `member` of
 * `json`. `out` gets a reference, NULL on failure. */
int protocol_make_result(protocol_request *request, const protocol_place *at, const char *id,
                         const beluga_json *json, const char *member, beluga_message **out);
/* Add a message to the request, and say what is wrong with it where that fails. */
int protocol_add_message(protocol_request *request, const protocol_place *at,
                         beluga_message *message);

#endif
