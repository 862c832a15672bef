/**
 * @file price.h
 * What calls cost: prices from a dated file that anybody can replace. A price that is not in it is
 * unknown, never zero.
 */
#ifndef BELUGA_PRICE_H
#define BELUGA_PRICE_H

#include <beluga/common.h>
#include <beluga/error.h>
#include <beluga/event.h>

BELUGA_BEGIN_DECLS

/** The price of a model, in US dollars for a million tokens. */
typedef struct beluga_price {
    double input;
    double cache_read;  /**< of input that the provider had in its cache */
    double cache_write; /**< of input that it put there */
    double output;
} beluga_price;

/** A list of prices; immutable. */
typedef struct beluga_prices beluga_prices;

/**
 * Read a file of prices.
 *
 *     date: 2026-11-22
 *     prices:
 *       openai/gpt-5-mini: {input: 0.25, cache_read: 0.025, output: 2}
 *       "mock/any*": {input: 0, output: 0}     # a star at the end stands for any rest
 *
 * What an entry leaves out costs as much as input.
 *
 * @param path  NULL: the file that was installed with the library, also where that was moved.
 * @param out   Owned (beluga_prices_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NOT_FOUND; BELUGA_ERROR_INVALID_CONFIG with "path:line:column: …";
 *         BELUGA_ERROR_LIMIT_EXCEEDED; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a
 *         library without YAML.
 *
 * Threads: any. Blocks: reads a file. Since: 0.1
 */
BELUGA_API int beluga_prices_load(const char *path, beluga_prices **out, beluga_error *err);
BELUGA_API void beluga_prices_free(beluga_prices *prices);

/** Return the date of the list as it stands there, "" when there is none. Borrowed. */
BELUGA_API const char *beluga_prices_date(const beluga_prices *prices);

/**
 * Look up a model: its own entry, else the longest one with a star that fits.
 * @return false, and `out` as it was, when the price is unknown. Threads: any.
 */
BELUGA_API bool beluga_prices_find(const beluga_prices *prices, const char *provider,
                                   const char *model, beluga_price *out);

/** Return what a usage costs in US dollars, or -1 when it does not say how much was used. */
BELUGA_API double beluga_price_cost(const beluga_price *price, const beluga_usage *usage);

BELUGA_END_DECLS
#endif
