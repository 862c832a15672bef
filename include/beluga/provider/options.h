/**
 * @file provider/options.h
 * Functions that write parts of an HTTP provider's request: the usual options under the names of
 * the provider's API, and a conversation as one prompt.
 *
 * An option that shapes the answer, such as seed, must not be ignored silently. So the library
 * records which of these options encode_request reads with any function, and warns the caller of
 * each option that is set but was not read: "seed is not sent: acme does not know it". In the same
 * way the library merges extra_body into the request's body unless encode_request reads it.
 */
#ifndef BELUGA_PROVIDER_OPTIONS_H
#define BELUGA_PROVIDER_OPTIONS_H

#include <beluga/common.h>
#include <beluga/option.h>
#include <beluga/provider/http.h>

BELUGA_BEGIN_DECLS

/** The place of an option in the requests of an API: a row for beluga_http_request_put_options. */
typedef struct beluga_option_field {
    uint32_t key;   /**< beluga_option_key; BELUGA_OPTION_END ends the table */
    uint32_t flags; /**< 0 */
    /**
     * Name of the member, such as "num_predict" or "options.num_predict"; NULL: the API has no such
     * option.
     */
    const char *name;
    double minimum, maximum; /**< the API's range; both 0: the library's range */
    const void *reserved[2];
} beluga_option_field;

/**
 * Write each option of a table that is set for the call as a member of the object that is open in
 * the request's JSON, and then the provider's own options that have a `field`.
 *
 *     static const beluga_option_field fields[] = {
 *         {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature", .maximum = 1},
 *         {.key = BELUGA_OPTION_MAX_TOKENS, .name = "limits.tokens"},
 *         {.key = BELUGA_OPTION_SEED},
 *         {.key = BELUGA_OPTION_END},
 *     };
 *
 * A name with a dot means a member of an inner object. Rows for the same inner object must be
 * adjacent, and an object without members is not written. A list is written as an array of strings,
 * an enum as its word, and response_schema as JSON. A number outside of the API's range is replaced
 * by the nearest number in it, with a warning; for an option whose row has no name there is only a
 * warning.
 *
 * @param fields  Borrowed until the function returns, ended by BELUGA_OPTION_END; NULL: write only
 * the provider's own options.
 *
 * Threads: only the one that may use the request. Since: 0.1
 */
BELUGA_API void beluga_http_request_put_options(beluga_http_request *request,
                                                const beluga_call *call,
                                                const beluga_option_field *fields);
/**
 * Do the same for one row only, whose name has no dot; the provider's own options are not written.
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_put_option(beluga_http_request *request,
                                               const beluga_call *call,
                                               const beluga_option_field *field);

/** Texts to write before and after a message in a prompt. */
typedef struct beluga_prompt_turn {
    const char *before, *after; /**< NULL: nothing */
} beluga_prompt_turn;

/**
 * The format in which messages are separated in one prompt, for APIs that accept only a prompt. It
 * depends on how the model was trained.
 */
typedef struct beluga_prompt_format {
    const char *name;                           /**< such as "chatml" */
    beluga_prompt_turn system, human, ai, tool; /**< texts around the messages of each role */
    const void *reserved[4];
} beluga_prompt_format;

/**
 * Return a format that models share: "chatml", "llama3", "gemma", "phi3", or "plain", in which
 * roles are words before a colon. NULL means "chatml".
 *
 * @return a static struct; NULL for another name. Threads: any. Since: 0.1
 */
BELUGA_API const beluga_prompt_format *beluga_prompt_format_find(const char *name);
/**
 * Write the call's messages as one string into the object that is open in the request's JSON, up to
 * the point where the model's text begins. If the last message is the model's own, no end is
 * written after it, so that the answer continues it. Only the text parts of messages are sent;
 * there is a warning about other parts.
 *
 * @param name    Key of the string in the object.
 * @param format  Borrowed until the function returns; NULL fails the request.
 *
 * Threads: only the one that may use the request. Since: 0.1
 */
BELUGA_API void beluga_http_request_put_prompt(beluga_http_request *request,
                                               const beluga_call *call, const char *name,
                                               const beluga_prompt_format *format);

BELUGA_END_DECLS
#endif
