/**
 * @file price.h
 * The cost of calls: prices from a dated file that anybody can replace. A price that the file
 * does not have is unknown, never zero.
 */
#ifndef BELUGA_PRICE_H
#define BELUGA_PRICE_H

#include <beluga/common.h>
#include <beluga/error.h>
#include <beluga/event.h>

BELUGA_BEGIN_DECLS

/** The price of a model, in US dollars for a million tokens. */
typedef struct beluga_price {
    double input;       /**< of input that the cache has nothing to do with */
    double cache_read;  /**< of input that the provider had in its cache */
    double cache_write; /**< of input that the provider put into its cache */
    double output;      /**< of the answer, reasoning included */
} beluga_price;

/** A list of prices. It never changes, so that any number of threads may read it. */
typedef struct beluga_prices beluga_prices;

/**
 * Read a file of prices.
 *
 *     date: 2026-11-22
 *     prices:
 *       openai/gpt-5-mini: {input: 0.25, cache_read: 0.025, output: 2}
 *       "mock/any*": {input: 0, output: 0}     # a star at the end stands for any rest
 *
 * An entry needs input and output. A price of the cache that it leaves out is that of input.
 *
 * @param path  NULL: the file that was installed with the library, also where that was moved.
 * @param out   Owned (beluga_prices_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NOT_FOUND no such file; BELUGA_ERROR_INVALID_INPUT it can't be read;
 * BELUGA_ERROR_INVALID_CONFIG a mistake in it, with "path:line:column: …";
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1 MiB; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a
 * library without YAML.
 *
 * Threads: any. Blocks: reads a file. Since: 0.1
 */
BELUGA_API int beluga_prices_load(const char *path, beluga_prices **out, beluga_error *err);
/** Free a list; NULL does nothing. Models that were opened with a budget have one of their own. */
BELUGA_API void beluga_prices_free(beluga_prices *prices);

/** Return the date of the list as the file has it, "" without one. Borrowed as long as the list. */
BELUGA_API const char *beluga_prices_date(const beluga_prices *prices);

/**
 * Walk the entries of a list.
 *
 * @param index  From 0; in no order that has a meaning.
 * @return "provider/model" as the file has it, with its star; NULL past the last. Borrowed as long
 * as the list. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_prices_name(const beluga_prices *prices, size_t index);

/**
 * Look up a model: its own entry, else the longest one with a star that fits.
 *
 * @param provider, model  NULL is legal, and has no price.
 * @param out              Receives the price.
 * @return false when the price is unknown; `out` stays as it was. Threads: any.
 */
BELUGA_API bool beluga_prices_find(const beluga_prices *prices, const char *provider,
                                   const char *model, beluga_price *out);

/**
 * Return the cost of a usage in US dollars; -1 when neither its input nor its output is known. A
 * count that is unknown (-1) beside one that is known costs nothing.
 */
BELUGA_API double beluga_price_cost(const beluga_price *price, const beluga_usage *usage);

BELUGA_END_DECLS
#endif
