/* Reads the content of messages; these functions are shared by all protocols. `at` is the place of
 * the part, which error messages name. Each function returns 0, INVALID_INPUT, LIMIT_EXCEEDED or
 * NO_MEMORY. */
#ifndef BELUGA_CLI_PROTOCOL_CONTENT_H
#define BELUGA_CLI_PROTOCOL_CONTENT_H

#include "protocol/read.h"

/* A tool call of the model, with the client's name for the tool. The arguments are a JSON text. */
typedef struct protocol_call {
    const char *id, *name, *name_space; /* `name_space` is NULL if there is none */
    const char *arguments;
    size_t length; /* length of `arguments` */
} protocol_call;

/* Add the text that a member of a part contains. */
int protocol_add_text(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *part, const char *member);
/* Add an image, audio or a file by its address: http:, https: or data:. */
int protocol_add_url(protocol_request *request, const protocol_place *at, beluga_message *message,
                     beluga_part_kind kind, const char *url);
/* Add an image, audio or a file as base64. If `media_type` is NULL, it is found from the bytes and
 * the name. `name` may be NULL. */
int protocol_add_base64(protocol_request *request, const protocol_place *at,
                        beluga_message *message, beluga_part_kind kind, const char *media_type,
                        const char *base64, const char *name);
/* Add a part in a form of OpenAI's protocols (text, input_text, output_text, refusal; image_url,
 * input_image; input_audio; file, input_file), and its cache mark. */
int protocol_add_part(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *part);
/* Add the content in the member `member` of `json`, whose place is `at`: a string, or a list of
 * parts. Missing content adds no parts. */
int protocol_add_content(protocol_request *request, const protocol_place *at,
                         beluga_message *message, const beluga_json *json, const char *member);
/* If `json` has a cache_control, mark the last part as a cache breakpoint. */
int protocol_mark_cache(protocol_request *request, const protocol_place *at,
                        beluga_message *message, const beluga_json *json);
/* Add a tool call of the model. Empty arguments become "{}". */
int protocol_add_call(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const protocol_call *call);
/* Make a message with the result of a call: a string or a list of parts, in the member `member` of
 * `json`. `out` receives a reference; NULL on failure. */
int protocol_make_result(protocol_request *request, const protocol_place *at, const char *id,
                         const beluga_json *json, const char *member, beluga_message **out);
/* Add a message to the request. On failure, report what is wrong with the message. */
int protocol_add_message(protocol_request *request, const protocol_place *at,
                         beluga_message *message);

#endif
