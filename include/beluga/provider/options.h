/**
 * @file provider/options.h
 * What an HTTP provider need not write itself: the usual options under the names of its API, and a
 * conversation as one prompt.
 *
 * An option of a call that shapes its answer, such as seed, should never be lost in silence. So the
 * library watches which of them encode_request looks at, in whatever way, and warns the caller of
 * each that is set and was not: "seed is not sent: acme does not know it". It likewise merges
 * extra_body into the request's body, unless encode_request reads it.
 */
#ifndef BELUGA_PROVIDER_OPTIONS_H
#define BELUGA_PROVIDER_OPTIONS_H

#include <beluga/common.h>
#include <beluga/option.h>
#include <beluga/provider/http.h>

BELUGA_BEGIN_DECLS

/** Where an option stands in the requests of an API: a row of beluga_http_request_put_options. */
typedef struct beluga_option_field {
    uint32_t key;   /**< beluga_option_key; BELUGA_OPTION_END ends the table */
    uint32_t flags; /**< 0 */
    /** The member's name, "num_predict", or "options.num_predict"; NULL: the API has none. */
    const char *name;
    double minimum, maximum; /**< what the API takes; both 0: all that the library takes */
    const void *reserved[2];
} beluga_option_field;

/**
 * Write each option of a table that is in force as a member of the object that is open in the
 * request's JSON; then the provider's own options that have a `field`.
 *
 *     static const beluga_option_field fields[] = {
 *         {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature", .maximum = 1},
 *         {.key = BELUGA_OPTION_MAX_TOKENS, .name = "limits.tokens"},
 *         {.key = BELUGA_OPTION_SEED},
 *         {.key = BELUGA_OPTION_END},
 *     };
 *
 * A name with a dot is of a member inside an object of its own; rows of one object stand together,
 * and an object without members is left out. A list is written as an array of strings, an option of
 * several words as its word, and response_schema as the JSON that it is. A number that the API does
 * not take becomes the nearest that it takes, with a warning; an option without a name becomes a
 * warning alone.
 *
 * @param fields  Borrowed for the call, ended by BELUGA_OPTION_END; NULL: own options alone.
 *
 * Threads: as the request. Since: 0.1
 */
BELUGA_API void beluga_http_request_put_options(beluga_http_request *request,
                                                const beluga_call *call,
                                                const beluga_option_field *fields);
/** Do the same for one row, whose name has no dot, and for no own options. Since: 0.1 */
BELUGA_API void beluga_http_request_put_option(beluga_http_request *request,
                                               const beluga_call *call,
                                               const beluga_option_field *field);

/** What stands before and behind a message in a prompt; NULL: nothing. */
typedef struct beluga_prompt_turn {
    const char *before, *after; /**< NULL: nothing */
} beluga_prompt_turn;

/** How a model was taught to tell messages apart, for APIs that take one prompt. */
typedef struct beluga_prompt_format {
    const char *name;                           /**< such as "chatml" */
    beluga_prompt_turn system, human, ai, tool; /**< around the messages of each role */
    const void *reserved[4];
} beluga_prompt_format;

/**
 * Return a format that models share: "chatml", "llama3", "gemma", "phi3", or "plain", in which
 * roles are words before a colon. NULL gives chatml.
 *
 * @return static; NULL for another name. Threads: any. Since: 0.1
 */
BELUGA_API const beluga_prompt_format *beluga_prompt_format_find(const char *name);
/**
 * Write the call's messages as one string into the object that is open in the request's JSON, up to
 * where the model's text begins. A last message of the model is left open, for the answer to go on
 * with. Of a message its texts are sent; a warning tells of other parts.
 *
 * @param name    The string's key.
 * @param format  Borrowed for the call; NULL fails the request.
 *
 * Threads: as the request. Since: 0.1
 */
BELUGA_API void beluga_http_request_put_prompt(beluga_http_request *request,
                                               const beluga_call *call, const char *name,
                                               const beluga_prompt_format *format);

BELUGA_END_DECLS
#endif
