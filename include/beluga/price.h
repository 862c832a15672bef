/**
 * @file price.h
 * The cost of calls, from a dated file of prices that you can replace. A price that is not in the
 * file is unknown, never zero.
 */
#ifndef BELUGA_PRICE_H
#define BELUGA_PRICE_H

#include <beluga/common.h>
#include <beluga/error.h>
#include <beluga/event.h>

BELUGA_BEGIN_DECLS

/** The price of a model, in US dollars per million tokens. */
typedef struct beluga_price {
    double input; /**< price of input tokens that are neither read from nor written to a cache */
    double cache_read;  /**< price of input tokens that are read from the provider's cache */
    double cache_write; /**< price of input tokens that are written to the provider's cache */
    double output;      /**< price of output tokens, reasoning included */
} beluga_price;

/** A list of prices. It never changes, so that any number of threads may read it. */
typedef struct beluga_prices beluga_prices;

/**
 * Read a file of prices.
 *
 *     date: 2026-11-22
 *     prices:
 *       openai/gpt-5-mini: {input: 0.25, cache_read: 0.025, output: 2}
 *       "mock/any*": {input: 0, output: 0}     # a star at the end matches any text
 *
 * An entry needs `input` and `output`. If a cache price is missing, the price of input applies.
 *
 * @param path  NULL: the file that was installed with the library, even if the installation was
 * moved.
 * @param out   Owned (beluga_prices_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NOT_FOUND if there is no such file; BELUGA_ERROR_INVALID_INPUT if the
 * file can't be read; BELUGA_ERROR_INVALID_CONFIG if the file has a mistake (the message begins
 * with "path:line:column: "); BELUGA_ERROR_LIMIT_EXCEEDED if it is larger than 1 MiB;
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED if the library was built without YAML.
 *
 * Threads: any. Blocks: reads a file. Since: 0.1
 */
BELUGA_API int beluga_prices_load(const char *path, beluga_prices **out, beluga_error *err);
/** Free a list; NULL does nothing. Models that were opened with a budget have their own list. */
BELUGA_API void beluga_prices_free(beluga_prices *prices);

/** Return the date that the file has, "" if it has none. Borrowed until the list is freed. */
BELUGA_API const char *beluga_prices_date(const beluga_prices *prices);

/**
 * Walk the entries of a list.
 *
 * @param index  From 0; the order of the entries has no meaning.
 * @return "provider/model" as it is in the file, with the star; NULL if `index` is out of range.
 * Borrowed until the list is freed. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_prices_name(const beluga_prices *prices, size_t index);

/**
 * Look up the price of a model: its own entry, or else the longest matching entry with a star.
 *
 * @param provider, model  Names; NULL is legal and has no price.
 * @param out              Receives the price.
 * @return false when the price is unknown; `out` is then not changed. Threads: any.
 */
BELUGA_API bool beluga_prices_find(const beluga_prices *prices, const char *provider,
                                   const char *model, beluga_price *out);

/**
 * Return the cost of a usage in US dollars; -1 when neither its input nor its output is known. If
 * only one of the two is known, the unknown count (-1) costs nothing.
 */
BELUGA_API double beluga_price_cost(const beluga_price *price, const beluga_usage *usage);

BELUGA_END_DECLS
#endif
