#include "exit.h"

#include <beluga/error.h>

#include <stddef.h>

static const exit_info infos[] = {
#define XX(constant, value, meaning) {CLI_EXIT_##constant, #value, meaning},
    EXIT_MAP(XX)
#undef XX
};

/* The index is the negated error code. Codes that are not listed mean CLI_EXIT_OTHER. */
static const unsigned char by_error[BELUGA_ERROR_COUNT + 1] = {
    [-BELUGA_ERROR_INVALID_CONFIG] = CLI_EXIT_CONFIG,
    [-BELUGA_ERROR_NETWORK] = CLI_EXIT_NETWORK,
    [-BELUGA_ERROR_TIMEOUT] = CLI_EXIT_TIMEOUT,
    [-BELUGA_ERROR_RATE_LIMIT] = CLI_EXIT_RATE,
    [-BELUGA_ERROR_QUOTA_EXCEEDED] = CLI_EXIT_RATE,
    [-BELUGA_ERROR_AUTHENTICATION] = CLI_EXIT_AUTH,
    [-BELUGA_ERROR_AUTHORIZATION] = CLI_EXIT_AUTH,
    [-BELUGA_ERROR_INVALID_INPUT] = CLI_EXIT_USAGE,
    [-BELUGA_ERROR_UNSUPPORTED_PROVIDER] = CLI_EXIT_CONFIG,
    [-BELUGA_ERROR_INVALID_MODEL] = CLI_EXIT_CONFIG,
    [-BELUGA_ERROR_INVALID_RESPONSE] = CLI_EXIT_RESPONSE,
    [-BELUGA_ERROR_EMPTY_RESPONSE] = CLI_EXIT_RESPONSE,
    [-BELUGA_ERROR_MALFORMED_RESPONSE] = CLI_EXIT_RESPONSE,
    [-BELUGA_ERROR_STREAM] = CLI_EXIT_RESPONSE,
    [-BELUGA_ERROR_STREAM_TIMEOUT] = CLI_EXIT_TIMEOUT,
    [-BELUGA_ERROR_STREAM_CLOSED] = CLI_EXIT_RESPONSE,
    [-BELUGA_ERROR_CONTEXT_CANCELED] = CLI_EXIT_INTERRUPTED,
    [-BELUGA_ERROR_CONTEXT_TIMEOUT] = CLI_EXIT_TIMEOUT,
    [-BELUGA_ERROR_CONTENT_FILTER] = CLI_EXIT_REFUSED,
    [-BELUGA_ERROR_OVERLOADED] = CLI_EXIT_RATE,
    [-BELUGA_ERROR_BUDGET_EXCEEDED] = CLI_EXIT_RATE,
    [-BELUGA_ERROR_PLUGIN_ABI] = CLI_EXIT_CONFIG,
    [-BELUGA_ERROR_INCOMPLETE] = CLI_EXIT_RESPONSE,
};

const exit_info *exit_get_info(unsigned index)
{
    return index < sizeof infos / sizeof infos[0] ? &infos[index] : NULL;
}

int exit_from_error(int error_code)
{
    if (error_code == 0) return CLI_EXIT_OK;
    if (error_code > 0 || error_code < -BELUGA_ERROR_COUNT) return CLI_EXIT_OTHER;
    int code = by_error[-error_code];
    return code ? code : CLI_EXIT_OTHER;
}

int exit_from(const beluga_error *err)
{
    if (err->code == BELUGA_ERROR_LIMIT_EXCEEDED && err->attempts > 0) return CLI_EXIT_RESPONSE;
    return exit_from_error(err->code);
}
