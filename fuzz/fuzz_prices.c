/* Reads a file of prices. Each entry can be found, and each price and cost is a number that is not
 * negative. */
#include "fuzz.h"
#include "schema/price.h"

#include <math.h>

static bool is_price(double value)
{
    return isfinite(value) && value >= 0;
}

static void check_entry(const beluga_prices *prices, const beluga__price_entry *e)
{
    const beluga_usage usage = {.input_total = INT64_MAX,
                                .input_cache_read = 7,
                                .input_cache_write = -1,
                                .output_total = 3,
                                .output_reasoning = -1};
    beluga_price price;
    const char *slash = memchr(e->name, '/', e->length);
    FUZZ_CHECK(slash);
    char *provider = fuzz_text((const uint8_t *)e->name, (size_t)(slash - e->name));
    char *model = fuzz_text((const uint8_t *)slash + 1, e->length - (size_t)(slash + 1 - e->name));
    if (strlen(provider) + 1 + strlen(model) == e->length) { /* otherwise the name contains a NUL */
        FUZZ_CHECK(beluga_prices_find(prices, provider, model, &price));
        FUZZ_CHECK(is_price(price.input) && is_price(price.output));
        FUZZ_CHECK(is_price(price.cache_read) && is_price(price.cache_write));
        FUZZ_CHECK(is_price(beluga_price_cost(&price, &usage)));
    }
    free(provider);
    free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAX_ENTRIES = 64 };
    beluga_prices *prices;
    beluga_error err = {0};
    int code = beluga_prices_load(fuzz_file(data, size), &prices, &err);
    if (code) {
        fuzz_check_error(code, &err);
        return 0;
    }
    FUZZ_CHECK(beluga_prices_date(prices));
    size_t n = 0;
    for (const beluga__price_entry *e = prices->entries; e && n < MAX_ENTRIES; e = e->next, n++)
        check_entry(prices, e);
    beluga_prices_free(prices);
    return 0;
}
