/* Macros for the providers' tables. They derive the names of functions from the protocol's prefix,
 * so that a table lists only what is special about its provider. */
#ifndef BELUGA__PROVIDERS_TABLE_H
#define BELUGA__PROVIDERS_TABLE_H

#include "parts.h" /* a header that Meson writes, for the option `embeddings` */

#include <beluga/provider/provider.h>

/* A list of strings that ends with NULL, such as variables or notes. */
#define BELUGA__TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The provider's own options. HEAD is for a text in a header, a path or a query, and IN_URL for a
 * text that is part of the base URL; their environment variables may be NULL. */
#define BELUGA__OWN_OPTIONS(...) ((const beluga_own_option[]){__VA_ARGS__, {.name = NULL}})
#define BELUGA__OWN_TEXT(option, text) \
    {.name = (option), .meaning = (text), .type = BELUGA_OPTION_STRING}
#define BELUGA__OWN_WORD(option, text, ...) \
    {.name = (option),                      \
     .meaning = (text),                     \
     .type = BELUGA_OPTION_STRING,          \
     .words = BELUGA__TEXTS(__VA_ARGS__)}
#define BELUGA__OWN_HEAD(option, text, environment) \
    {.name = (option),                              \
     .meaning = (text),                             \
     .type = BELUGA_OPTION_STRING,                  \
     .flags = BELUGA_OWN_OPTION_IN_HEAD,            \
     .variable = (environment)}
#define BELUGA__OWN_IN_URL(option, text, environment) \
    {.name = (option),                                \
     .meaning = (text),                               \
     .type = BELUGA_OPTION_STRING,                    \
     .flags = BELUGA_OWN_OPTION_IN_URL,               \
     .variable = (environment)}
#define BELUGA__OWN_BOOL(option, text) \
    {.name = (option), .meaning = (text), .type = BELUGA_OPTION_BOOL}
#define BELUGA__OWN_INT(option, text, least, most) \
    {.name = (option),                             \
     .meaning = (text),                            \
     .type = BELUGA_OPTION_INT,                    \
     .minimum = (least),                           \
     .maximum = (most)}

/* The members with which the table of a protocol begins. The protocol's state and functions are
 * named beluga__PREFIX_… */
#define BELUGA__OVER_HTTP(provider_name, protocol_name, prefix, frames)            \
    BELUGA_PROVIDER_INIT(provider_name), .metric_prefix = "beluga." provider_name, \
        .protocol = (protocol_name), .framing = (frames),                          \
        .state_size = sizeof(beluga__##prefix##_state),                            \
        .decode_response = beluga__##prefix##_decode_response,                     \
        .decode_event = beluga__##prefix##_decode_event

/* The functions for the list of models. */
#define BELUGA__LISTS_MODELS(prefix)                             \
    .encode_list_models = beluga__##prefix##_encode_list_models, \
    .decode_list_models = beluga__##prefix##_decode_list_models
#define BELUGA__ENCODES_AND_LISTS(prefix) \
    .encode_request = beluga__##prefix##_encode_request, BELUGA__LISTS_MODELS(prefix)

/* The functions for embeddings and token counts, and their capabilities. All are 0 in a library
 * that is built without embeddings; then the linker drops the functions, since no code uses
 * them. */
#define BELUGA__EMBEDS_BY(encode, decode) \
    .encode_embed = BELUGA__IF_EMBEDDINGS(encode), .decode_embed = BELUGA__IF_EMBEDDINGS(decode)
#define BELUGA__EMBEDS(prefix) \
    BELUGA__EMBEDS_BY(beluga__##prefix##_encode_embed, beluga__##prefix##_decode_embed)
#define BELUGA__COUNTS_BY(encode, decode) \
    .encode_count = BELUGA__IF_EMBEDDINGS(encode), .decode_count = BELUGA__IF_EMBEDDINGS(decode)
#define BELUGA__COUNTS(prefix) \
    BELUGA__COUNTS_BY(beluga__##prefix##_encode_count, beluga__##prefix##_decode_count)
enum {
    BELUGA__CAN_EMBED = BELUGA__IF_EMBEDDINGS(BELUGA_CAPABILITY_EMBED),
    BELUGA__CAN_COUNT = BELUGA__IF_EMBEDDINGS(BELUGA_CAPABILITY_COUNT)
};

/* Groups of capabilities that most providers have; a table adds further ones. */
enum {
    BELUGA__TALKS = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_REASONING,
    BELUGA__CALLS_TOOLS = BELUGA_CAPABILITY_TOOLS | BELUGA_CAPABILITY_PARALLEL_TOOLS,
    BELUGA__TALKS_AND_CALLS_TOOLS = BELUGA__TALKS | BELUGA__CALLS_TOOLS
};

#endif
